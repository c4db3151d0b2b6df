import { Digest } from "../../digest.ts";
import { capacities, crowd, stages } from "../../workloads/channels.ts";
import { loads } from "../../workloads/echo.ts";
import type { Contender } from "../../workloads/index.ts";
import { depth } from "../../workloads/scopes.ts";
import { sleepMs } from "../../workloads/sleeps.ts";
import { limitMs } from "../../workloads/time-limit.ts";
import { Channel } from "./channel.ts";
import { echo } from "./echo.ts";
import { withGroup, withScope, withTimeout } from "./scope.ts";
import { checkpoint, sleep, Token, Wait } from "./token.ts";

/**
 * Written by hand for these jobs, with the guarantees that Espalier gives: every wait can be cancelled through a token
 * that is passed down, tasks end before their block is left, first come is first served, and timers and I/O get their
 * turn. No ambient context, no task tree, no deadlines in common.
 */
export const rawScope: Contender = {
  async spawn(size) {
    let ended = 0;
    await withGroup(new Token(), async (group) => {
      const child = async (token: Token): Promise<void> => {
        await checkpoint(token);
        ended++;
      };
      for (let i = 0; i < size; i++) group.start(child);
    });
    return { ended };
  },

  async nurseryTree(size) {
    let leaves = 0;
    const tree = async (outer: Token, deeper: number): Promise<void> => {
      if (deeper === 0) {
        await checkpoint(outer);
        leaves++;
        return;
      }
      await withGroup(outer, async (group) => {
        group.start((token) => tree(token, deeper - 1));
        group.start((token) => tree(token, deeper - 1));
      });
    };
    await tree(new Token(), size);
    return { leaves };
  },

  rendezvous: (size) => oneToOne(size, capacities.rendezvous),
  channel64: (size) => oneToOne(size, capacities.buffered),

  async channel4x4(size) {
    const channel = new Channel<number>(capacities.manyToMany);
    const received = Array.from({ length: crowd }, () => new Digest());
    await withGroup(new Token(), async (group) => {
      let sending = crowd;
      for (const digest of received) group.start((token) => receiveAll(token, channel, digest));
      for (let sender = 0; sender < crowd; sender++) {
        group.start(async (token) => {
          for (let i = sender; i < size; i += crowd) await channel.send(token, i);
          if (--sending === 0) channel.close();
        });
      }
    });
    return { received };
  },

  async timeLimit(size, meter) {
    const outer = new Token();
    let sum = 0;
    for (let i = 0; i < size; i++) sum += await withTimeout(outer, limitMs, async () => i);
    meter.stop();
    let told = false;
    const strikes = await withTimeout(
      outer,
      1,
      (token) => new Wait<void>(token, () => (told = true)).promise,
    ).then(
      () => false,
      () => told,
    );
    return { sum, strikes };
  },

  async cancelSleepers(size, meter) {
    let cancelled = 0;
    let cleanedUp = 0;
    await withGroup(new Token(), async (group) => {
      for (let i = 0; i < size; i++) {
        group.start(async (token) => {
          try {
            await sleep(token, 60_000);
          } catch (error) {
            cancelled++;
            throw error;
          } finally {
            cleanedUp++;
          }
        });
      }
      await sleep(group.token, 1);
      meter.start();
      group.token.cancel();
    });
    return { cancelled, cleanedUp };
  },

  async sleeps(size) {
    const token = new Token();
    const ended = await Promise.all(Array.from({ length: size }, (_, i) => sleep(token, sleepMs(i, size))));
    return { ended: ended.length };
  },

  async sleepers(size) {
    let ended = 0;
    await withGroup(new Token(), async (group) => {
      for (let i = 0; i < size; i++) {
        group.start(async (token) => {
          await sleep(token, sleepMs(i, size));
          ended++;
        });
      }
    });
    return { ended };
  },

  async pingPong(size) {
    let turns = 0;
    let alternations = 0;
    let last: string | undefined;
    await withGroup(new Token(), async (group) => {
      for (const name of ["ping", "pong"]) {
        group.start(async (token) => {
          while (turns < size) {
            turns++;
            if (last !== name) alternations++;
            last = name;
            await checkpoint(token);
          }
        });
      }
    });
    return { turns, alternations };
  },

  async nestedScopes(size, meter) {
    let left = 0;
    const nest = async (outer: Token, deeper: number): Promise<void> => {
      await withScope(outer, (token) => (deeper === 0 ? checkpoint(token) : nest(token, deeper - 1)));
      left++;
    };
    for (let opened = 0; opened < size; opened += depth) await nest(new Token(), depth - 1);
    meter.stop();
    let reachesBottom = false;
    await withScope(new Token(), async (outermost) => {
      const nested = atDepth(outermost, depth - 1, async (token) => {
        await new Wait<void>(token, () => (reachesBottom = true)).promise;
      });
      outermost.cancel();
      await nested;
    });
    return { left, reachesBottom };
  },

  async deepCheckpoints(size) {
    let passed = 0;
    await atDepth(new Token(), depth, async (token) => {
      for (; passed < size; passed++) await checkpoint(token);
    });
    return { passed };
  },

  async parkedHeap(size, meter) {
    let ended = 0;
    const before = meter.heapBytes();
    let bytes = 0;
    await withGroup(new Token(), async (group) => {
      const task = async (token: Token): Promise<void> => {
        try {
          await new Wait<void>(token).promise;
        } finally {
          ended++;
        }
      };
      for (let i = 0; i < size; i++) group.start(task);
      await sleep(group.token, 1);
      bytes = meter.heapBytes() - before;
      group.token.cancel();
    });
    return { bytes, ended };
  },

  async channelChain(size) {
    const digest = new Digest();
    await withGroup(new Token(), async (group) => {
      const first = new Channel<number>(0);
      group.start((token) => sendAll(token, first, size));
      let last = first;
      for (let stage = 0; stage < stages; stage++) {
        const from = last;
        const to = new Channel<number>(0);
        group.start(async (token) => {
          for (let item = await from.receive(token); item !== undefined; item = await from.receive(token))
            await to.send(token, item + 1);
          to.close();
        });
        last = to;
      }
      group.start((token) => receiveAll(token, last, digest));
    });
    return digest;
  },

  echoMany: (size) => echo(size, loads.many),
  echoOne: (size) => echo(size, loads.one),

  async nesting(size) {
    let left = 0;
    const nest = async (outer: Token, deeper: number): Promise<void> => {
      await withScope(outer, (token) => (deeper === 1 ? checkpoint(token) : nest(token, deeper - 1)));
      left++;
    };
    await nest(new Token(), size);
    return { left };
  },

  async unparked(size) {
    const token = new Token();
    const channel = new Channel<number>(1);
    const digest = new Digest();
    for (let i = 0; i < size; i++) {
      await channel.send(token, i);
      digest.add((await channel.receive(token)) as number);
    }
    return digest;
  },
};

async function oneToOne(size: number, capacity: number): Promise<Digest> {
  const channel = new Channel<number>(capacity);
  const digest = new Digest();
  await withGroup(new Token(), async (group) => {
    group.start((token) => sendAll(token, channel, size));
    group.start((token) => receiveAll(token, channel, digest));
  });
  return digest;
}

async function sendAll(token: Token, channel: Channel<number>, size: number): Promise<void> {
  for (let i = 0; i < size; i++) await channel.send(token, i);
  channel.close();
}

async function receiveAll(token: Token, channel: Channel<number>, digest: Digest): Promise<void> {
  for (let item = await channel.receive(token); item !== undefined; item = await channel.receive(token))
    digest.add(item);
}

async function atDepth(outer: Token, deeper: number, body: (token: Token) => Promise<void>): Promise<void> {
  await withScope(outer, (token) => (deeper === 1 ? body(token) : atDepth(token, deeper - 1, body)));
}

import { CancelScope, failAfter, TooSlowError } from "@espalier/cancel-scope";
import { type MemoryReceiveChannel, type MemorySendChannel, openMemoryChannel } from "@espalier/channel";
import { checkpoint, rethrowIfCancelled, run, sleep, sleepForever } from "@espalier/core";
import { openNursery } from "@espalier/nursery";
import { type SocketListener, serveTcp } from "@espalier/stream";
import { Digest } from "../../digest.ts";
import { driveEcho } from "../../drive-echo.ts";
import { capacities, crowd, stages } from "../../workloads/channels.ts";
import { type Echoed, type Load, loads } from "../../workloads/echo.ts";
import type { Contender } from "../../workloads/index.ts";
import { depth } from "../../workloads/scopes.ts";
import { sleepMs } from "../../workloads/sleeps.ts";
import { limitMs } from "../../workloads/time-limit.ts";

/** Each job as a user of Espalier writes it. */
export const espalier: Contender = {
  spawn: (size) =>
    run(async () => {
      let ended = 0;
      const child = async (): Promise<void> => {
        await checkpoint();
        ended++;
      };
      await openNursery((nursery) => {
        for (let i = 0; i < size; i++) nursery.startSoon(child);
      });
      return { ended };
    }),

  nurseryTree: (size) =>
    run(async () => {
      let leaves = 0;
      const tree = async (deeper: number): Promise<void> => {
        if (deeper === 0) {
          await checkpoint();
          leaves++;
          return;
        }
        const half = (): Promise<void> => tree(deeper - 1);
        await openNursery((nursery) => {
          nursery.startSoon(half);
          nursery.startSoon(half);
        });
      };
      await tree(size);
      return { leaves };
    }),

  rendezvous: (size) => oneToOne(size, capacities.rendezvous),
  channel64: (size) => oneToOne(size, capacities.buffered),

  channel4x4: (size) =>
    run(async () => {
      const received = Array.from({ length: crowd }, () => new Digest());
      await openNursery((nursery) => {
        const [send, receive] = openMemoryChannel<number>(capacities.manyToMany);
        for (const digest of received) {
          const own = receive.clone();
          nursery.startSoon(() => receiveAll(own, digest));
        }
        for (let sender = 0; sender < crowd; sender++) {
          const own = send.clone();
          nursery.startSoon(async () => {
            for (let i = sender; i < size; i += crowd) await own.send(i);
            own.close();
          });
        }
        send.close();
        receive.close();
      });
      return { received };
    }),

  timeLimit: (size, meter) =>
    run(async () => {
      let sum = 0;
      for (let i = 0; i < size; i++) sum += await failAfter(limitMs, async () => i);
      meter.stop();
      const strikes = await failAfter(1, sleepForever).catch(
        (error: unknown) => error instanceof TooSlowError,
      );
      return { sum, strikes };
    }),

  cancelSleepers: (size, meter) =>
    run(async () => {
      let cancelled = 0;
      let cleanedUp = 0;
      const sleeper = async (): Promise<void> => {
        try {
          await sleep(60_000);
        } catch (error) {
          cancelled++;
          throw error;
        } finally {
          cleanedUp++;
        }
      };
      await openNursery(async (nursery) => {
        for (let i = 0; i < size; i++) nursery.startSoon(sleeper);
        await sleep(1);
        meter.start();
        nursery.cancelScope.cancel();
      });
      return { cancelled, cleanedUp };
    }),

  sleeps: (size) =>
    run(async () => {
      const ended = await Promise.all(Array.from({ length: size }, (_, i) => sleep(sleepMs(i, size))));
      return { ended: ended.length };
    }),

  sleepers: (size) =>
    run(async () => {
      let ended = 0;
      await openNursery((nursery) => {
        for (let i = 0; i < size; i++) {
          nursery.startSoon(async () => {
            await sleep(sleepMs(i, size));
            ended++;
          });
        }
      });
      return { ended };
    }),

  pingPong: (size) =>
    run(async () => {
      let turns = 0;
      let alternations = 0;
      let last: string | undefined;
      await openNursery((nursery) => {
        for (const name of ["ping", "pong"]) {
          nursery.startSoon(async () => {
            while (turns < size) {
              turns++;
              if (last !== name) alternations++;
              last = name;
              await checkpoint();
            }
          });
        }
      });
      return { turns, alternations };
    }),

  nestedScopes: (size, meter) =>
    run(async () => {
      let left = 0;
      const nest = async (deeper: number): Promise<void> => {
        await new CancelScope().run(() => (deeper === 0 ? checkpoint() : nest(deeper - 1)));
        left++;
      };
      for (let opened = 0; opened < size; opened += depth) await nest(depth - 1);
      meter.stop();
      let reachesBottom = false;
      await new CancelScope().run(async (outermost) => {
        const nested = atDepth(depth - 1, async () => {
          await sleepForever().catch((error: unknown) => {
            reachesBottom = true;
            rethrowIfCancelled(error);
          });
        });
        outermost.cancel();
        await nested;
      });
      return { left, reachesBottom };
    }),

  deepCheckpoints: (size) =>
    run(async () => {
      let passed = 0;
      await atDepth(depth, async () => {
        for (; passed < size; passed++) await checkpoint();
      });
      return { passed };
    }),

  parkedHeap: (size, meter) =>
    run(async () => {
      let ended = 0;
      let bytes = 0;
      const task = async (): Promise<void> => {
        try {
          await sleepForever();
        } finally {
          ended++;
        }
      };
      const before = meter.heapBytes();
      await openNursery(async (nursery) => {
        for (let i = 0; i < size; i++) nursery.startSoon(task);
        await sleep(1);
        bytes = meter.heapBytes() - before;
        nursery.cancelScope.cancel();
      });
      return { bytes, ended };
    }),

  channelChain: (size) =>
    run(async () => {
      const digest = new Digest();
      await openNursery((nursery) => {
        const [first, firstEnd] = openMemoryChannel<number>();
        nursery.startSoon(() => sendAll(first, size));
        let last = firstEnd;
        for (let stage = 0; stage < stages; stage++) {
          const from = last;
          const [to, next] = openMemoryChannel<number>();
          nursery.startSoon(async () => {
            for await (const item of from) await to.send(item + 1);
            to.close();
          });
          last = next;
        }
        nursery.startSoon(() => receiveAll(last, digest));
      });
      return digest;
    }),

  echoMany: (size) => echo(size, loads.many),
  echoOne: (size) => echo(size, loads.one),

  nesting: (size) =>
    run(async () => {
      let left = 0;
      const nest = async (deeper: number): Promise<void> => {
        await new CancelScope().run(() => (deeper === 1 ? checkpoint() : nest(deeper - 1)));
        left++;
      };
      await nest(size);
      return { left };
    }),

  unparked: (size) =>
    run(async () => {
      const [send, receive] = openMemoryChannel<number>(1);
      const digest = new Digest();
      for (let i = 0; i < size; i++) {
        await send.send(i);
        digest.add(await receive.receive());
      }
      return digest;
    }),
};

async function echo(echoes: number, load: Load): Promise<Echoed> {
  let echoed: Echoed | undefined;
  await openNursery(async (nursery) => {
    const [listener] = await nursery.start<SocketListener[]>((started) =>
      serveTcp(
        async (stream) => {
          for await (const bytes of stream) await stream.sendAll(bytes);
        },
        { port: 0, host: "127.0.0.1", started, onError: () => undefined },
      ),
    );
    echoed = await driveEcho({ ...load, port: listener?.port ?? 0, echoes });
    nursery.cancelScope.cancel();
  });
  return echoed as Echoed;
}

function oneToOne(size: number, capacity: number): Promise<Digest> {
  return run(async () => {
    const digest = new Digest();
    await openNursery((nursery) => {
      const [send, receive] = openMemoryChannel<number>(capacity);
      nursery.startSoon(() => sendAll(send, size));
      nursery.startSoon(() => receiveAll(receive, digest));
    });
    return digest;
  });
}

async function sendAll(send: MemorySendChannel<number>, size: number): Promise<void> {
  for (let i = 0; i < size; i++) await send.send(i);
  send.close();
}

async function receiveAll(receive: MemoryReceiveChannel<number>, digest: Digest): Promise<void> {
  for await (const item of receive) digest.add(item);
}

async function atDepth(deeper: number, body: () => Promise<void>): Promise<void> {
  await new CancelScope().run(() => (deeper === 1 ? body() : atDepth(deeper - 1, body)));
}

import {
  type Operation,
  race,
  run,
  scoped,
  sleep,
  spawn,
  suspend,
  type Task,
  until,
  withResolvers,
} from "effection";
import { Digest } from "../../digest.ts";
import { capacities, crowd, stages } from "../../workloads/channels.ts";
import type { Contender } from "../../workloads/index.ts";
import { depth } from "../../workloads/scopes.ts";
import { limitMs } from "../../workloads/time-limit.ts";
import { Channel } from "./channel.ts";

/**
 * Each job as a user of Effection 4 writes it. Children end with the block that spawned them, so that who wants them to
 * come to their end joins them; a checkpoint is the wait for a promise, for lack of anything smaller. The million sleepers
 * are left out: they would take minutes, and fewer say nothing about overhead past the last.
 */
export const effection: Contender = {
  spawn: (size) =>
    run(function* () {
      let ended = 0;
      const tasks: Task<void>[] = [];
      for (let i = 0; i < size; i++) {
        const task = yield* spawn(function* () {
          yield* checkpoint();
          ended++;
        });
        tasks.push(task);
      }
      yield* join(tasks);
      return { ended };
    }),

  nurseryTree: (size) =>
    run(function* () {
      let leaves = 0;
      function* tree(deeper: number): Operation<void> {
        if (deeper === 0) {
          yield* checkpoint();
          leaves++;
          return;
        }
        const half = (): Operation<void> => tree(deeper - 1);
        yield* join([yield* spawn(half), yield* spawn(half)]);
      }
      yield* tree(size);
      return { leaves };
    }),

  rendezvous: (size) => oneToOne(size, capacities.rendezvous),
  channel64: (size) => oneToOne(size, capacities.buffered),

  channel4x4: (size) =>
    run(function* () {
      const received = Array.from({ length: crowd }, () => new Digest());
      const channel = new Channel<number>(capacities.manyToMany);
      const receivers: Task<void>[] = [];
      const senders: Task<void>[] = [];
      for (const digest of received) receivers.push(yield* spawn(() => receiveAll(channel, digest)));
      for (let sender = 0; sender < crowd; sender++) {
        const task = yield* spawn(function* () {
          for (let i = sender; i < size; i += crowd) yield* channel.send(i);
        });
        senders.push(task);
      }
      yield* join(senders);
      for (let i = 0; i < crowd; i++) channel.close();
      yield* join(receivers);
      return { received };
    }),

  timeLimit: (size, meter) =>
    run(function* () {
      let sum = 0;
      for (let i = 0; i < size; i++) sum += yield* withTimeout(limitMs, until(trivial(i)));
      meter.stop();
      let told = false;
      let strikes = false;
      try {
        yield* withTimeout(
          1,
          untilHalted(() => (told = true)),
        );
      } catch {
        strikes = told;
      }
      return { sum, strikes };
    }),

  cancelSleepers: (size, meter) =>
    run(function* () {
      let cancelled = 0;
      let cleanedUp = 0;
      function* sleeper(): Operation<void> {
        let slept = false;
        try {
          yield* sleep(60_000);
          slept = true;
        } finally {
          if (!slept) cancelled++;
          cleanedUp++;
        }
      }
      const all = yield* spawn(function* () {
        for (let i = 0; i < size; i++) void (yield* spawn(sleeper));
        yield* suspend();
      });
      yield* sleep(1);
      meter.start();
      yield* all.halt();
      return { cancelled, cleanedUp };
    }),

  pingPong: (size) =>
    run(function* () {
      let turns = 0;
      let alternations = 0;
      let last: string | undefined;
      function* player(name: string): Operation<void> {
        while (turns < size) {
          turns++;
          if (last !== name) alternations++;
          last = name;
          yield* checkpoint();
        }
      }
      yield* join([yield* spawn(() => player("ping")), yield* spawn(() => player("pong"))]);
      return { turns, alternations };
    }),

  nestedScopes: (size, meter) =>
    run(function* () {
      let left = 0;
      function* nest(deeper: number): Operation<void> {
        yield* scoped(() => (deeper === 0 ? checkpoint() : nest(deeper - 1)));
        left++;
      }
      for (let opened = 0; opened < size; opened += depth) yield* nest(depth - 1);
      meter.stop();
      let reachesBottom = false;
      const arrived = withResolvers<void>();
      const outermost = yield* spawn(() =>
        atDepth(depth - 1, function* () {
          arrived.resolve();
          yield* untilHalted(() => (reachesBottom = true));
        }),
      );
      yield* arrived.operation;
      yield* outermost.halt();
      return { left, reachesBottom };
    }),

  deepCheckpoints: (size) =>
    run(function* () {
      let passed = 0;
      yield* atDepth(depth, function* () {
        for (; passed < size; passed++) yield* checkpoint();
      });
      return { passed };
    }),

  parkedHeap: (size, meter) =>
    run(function* () {
      let ended = 0;
      function* task(): Operation<void> {
        try {
          yield* suspend();
        } finally {
          ended++;
        }
      }
      const before = meter.heapBytes();
      const all = yield* spawn(function* () {
        for (let i = 0; i < size; i++) void (yield* spawn(task));
        yield* suspend();
      });
      yield* sleep(1);
      const bytes = meter.heapBytes() - before;
      yield* all.halt();
      return { bytes, ended };
    }),

  channelChain: (size) =>
    run(function* () {
      const first = new Channel<number>(0);
      const tasks = [yield* spawn(() => sendAll(first, size))];
      let last = first;
      for (let stage = 0; stage < stages; stage++) {
        const from = last;
        const to = new Channel<number>(0);
        const task = yield* spawn(function* () {
          for (let next = yield* from.receive(); next.done !== true; next = yield* from.receive())
            yield* to.send(next.value + 1);
          to.close();
        });
        tasks.push(task);
        last = to;
      }
      const digest = new Digest();
      tasks.push(yield* spawn(() => receiveAll(last, digest)));
      yield* join(tasks);
      return digest;
    }),
};

function oneToOne(size: number, capacity: number): Promise<Digest> {
  return run(function* () {
    const digest = new Digest();
    const channel = new Channel<number>(capacity);
    yield* join([
      yield* spawn(() => sendAll(channel, size)),
      yield* spawn(() => receiveAll(channel, digest)),
    ]);
    return digest;
  });
}

function* sendAll(channel: Channel<number>, size: number): Operation<void> {
  for (let i = 0; i < size; i++) yield* channel.send(i);
  channel.close();
}

function* receiveAll(channel: Channel<number>, digest: Digest): Operation<void> {
  for (let next = yield* channel.receive(); next.done !== true; next = yield* channel.receive())
    digest.add(next.value);
}

function* join(tasks: readonly Task<void>[]): Operation<void> {
  for (const task of tasks) yield* task;
}

function checkpoint(): Operation<void> {
  return until(Promise.resolve());
}

async function trivial(i: number): Promise<number> {
  return i;
}

function withTimeout<T>(ms: number, body: Operation<T>): Operation<T> {
  return race([body, timeout(ms)]);
}

function* timeout(ms: number): Operation<never> {
  yield* sleep(ms);
  throw new Error("timeout");
}

function* untilHalted(onHalted: () => void): Operation<void> {
  try {
    yield* suspend();
  } finally {
    onHalted();
  }
}

function atDepth(deeper: number, body: () => Operation<void>): Operation<void> {
  return scoped(() => (deeper === 1 ? body() : atDepth(deeper - 1, body)));
}

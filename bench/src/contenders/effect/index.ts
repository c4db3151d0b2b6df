import { type Cause, Deferred, Effect, Fiber, Pull, Queue } from "effect";
import { Digest } from "../../digest.ts";
import { capacities, crowd, stages } from "../../workloads/channels.ts";
import type { Contender } from "../../workloads/index.ts";
import { depth } from "../../workloads/scopes.ts";
import { sleepMs } from "../../workloads/sleeps.ts";
import { limitMs } from "../../workloads/time-limit.ts";

const atOnce = { concurrency: "unbounded", discard: true } as const;

/**
 * Each job as a user of Effect 4 writes it. A nursery is `forEach` or `all` without a bound; a channel a `Queue`, whose
 * capacity of 0 is a rendezvous; a scope, as something that can be cancelled, a child fiber that is joined.
 */
export const effect: Contender = {
  spawn: (size) =>
    Effect.runPromise(
      Effect.gen(function* () {
        let ended = 0;
        const child = Effect.gen(function* () {
          yield* Effect.yieldNow;
          ended++;
        });
        yield* Effect.forEach(upTo(size), () => child, atOnce);
        return { ended };
      }),
    ),

  nurseryTree: (size) =>
    Effect.runPromise(
      Effect.gen(function* () {
        let leaves = 0;
        const tree = (deeper: number): Effect.Effect<void> =>
          Effect.gen(function* () {
            if (deeper === 0) {
              yield* Effect.yieldNow;
              leaves++;
              return;
            }
            const half = tree(deeper - 1);
            yield* Effect.all([half, half], atOnce);
          });
        yield* tree(size);
        return { leaves };
      }),
    ),

  rendezvous: (size) => oneToOne(size, capacities.rendezvous),
  channel64: (size) => oneToOne(size, capacities.buffered),

  channel4x4: (size) =>
    Effect.runPromise(
      Effect.gen(function* () {
        const received = Array.from({ length: crowd }, () => new Digest());
        const queue = yield* Queue.bounded<number, Cause.Done>(capacities.manyToMany);
        const send = (sender: number): Effect.Effect<void> =>
          Effect.gen(function* () {
            for (let i = sender; i < size; i += crowd) yield* Queue.offer(queue, i);
          });
        const sending = Effect.forEach(upTo(crowd), send, atOnce).pipe(Effect.andThen(Queue.end(queue)));
        yield* Effect.all([...received.map((digest) => receiveAll(queue, digest)), sending], atOnce);
        return { received };
      }),
    ),

  timeLimit: (size, meter) =>
    Effect.runPromise(
      Effect.gen(function* () {
        let sum = 0;
        for (let i = 0; i < size; i++) {
          const trivial = Effect.promise(async () => i);
          sum += yield* trivial.pipe(Effect.timeout(limitMs));
        }
        meter.stop();
        let told = false;
        const strikes = yield* Effect.never.pipe(
          Effect.onInterrupt(() => Effect.sync(() => (told = true))),
          Effect.timeout(1),
          Effect.catchTag("TimeoutError", () => Effect.sync(() => told)),
        );
        return { sum, strikes };
      }),
    ),

  cancelSleepers: (size, meter) =>
    Effect.runPromise(
      Effect.gen(function* () {
        let cancelled = 0;
        let cleanedUp = 0;
        let begun = 0;
        const sleeper = Effect.sync(() => begun++).pipe(
          Effect.andThen(Effect.sleep(60_000)),
          Effect.onInterrupt(() => Effect.sync(() => cancelled++)),
          Effect.ensuring(Effect.sync(() => cleanedUp++)),
        );
        const all = yield* Effect.forkChild(Effect.forEach(upTo(size), () => sleeper, atOnce));
        while (begun < size) yield* Effect.sleep(1);
        meter.start();
        yield* Fiber.interrupt(all);
        return { cancelled, cleanedUp };
      }),
    ),

  sleeps: (size) =>
    Effect.runPromise(
      Effect.gen(function* () {
        const ended = yield* Effect.forEach(upTo(size), (i) => Effect.sleep(sleepMs(i, size)), {
          concurrency: "unbounded",
        });
        return { ended: ended.length };
      }),
    ),

  sleepers: (size) =>
    Effect.runPromise(
      Effect.gen(function* () {
        let ended = 0;
        const sleeper = (i: number): Effect.Effect<void> =>
          Effect.gen(function* () {
            yield* Effect.sleep(sleepMs(i, size));
            ended++;
          });
        yield* Effect.forEach(upTo(size), sleeper, atOnce);
        return { ended };
      }),
    ),

  pingPong: (size) =>
    Effect.runPromise(
      Effect.gen(function* () {
        let turns = 0;
        let alternations = 0;
        let last: string | undefined;
        const player = (name: string): Effect.Effect<void> =>
          Effect.gen(function* () {
            while (turns < size) {
              turns++;
              if (last !== name) alternations++;
              last = name;
              yield* Effect.yieldNow;
            }
          });
        yield* Effect.all([player("ping"), player("pong")], atOnce);
        return { turns, alternations };
      }),
    ),

  nestedScopes: (size, meter) =>
    Effect.runPromise(
      Effect.gen(function* () {
        let left = 0;
        const nest = (deeper: number): Effect.Effect<void> =>
          Effect.gen(function* () {
            yield* inScope(deeper === 0 ? Effect.yieldNow : nest(deeper - 1));
            left++;
          });
        for (let opened = 0; opened < size; opened += depth) yield* nest(depth - 1);
        meter.stop();
        let reachesBottom = false;
        const arrived = yield* Deferred.make<undefined>();
        const bottom = Deferred.succeed(arrived, undefined).pipe(
          Effect.andThen(Effect.never),
          Effect.onInterrupt(() => Effect.sync(() => (reachesBottom = true))),
        );
        // A tenth of the depth: the interruption of 1,000 fibers, each joined by the last, runs out of stack and then of memory.
        const outermost = yield* Effect.forkChild(atDepth(depth / 10, bottom));
        yield* Deferred.await(arrived);
        yield* Fiber.interrupt(outermost);
        return { left, reachesBottom };
      }),
    ),

  deepCheckpoints: (size) =>
    Effect.runPromise(
      Effect.gen(function* () {
        let passed = 0;
        const work = Effect.gen(function* () {
          for (; passed < size; passed++) yield* Effect.yieldNow;
        });
        yield* atDepth(depth, work);
        return { passed };
      }),
    ),

  parkedHeap: (size, meter) =>
    Effect.runPromise(
      Effect.gen(function* () {
        let ended = 0;
        let begun = 0;
        const task = Effect.sync(() => begun++).pipe(
          Effect.andThen(Effect.never),
          Effect.ensuring(Effect.sync(() => ended++)),
        );
        const before = meter.heapBytes();
        const all = yield* Effect.forkChild(Effect.forEach(upTo(size), () => task, atOnce));
        while (begun < size) yield* Effect.sleep(1);
        const bytes = meter.heapBytes() - before;
        yield* Fiber.interrupt(all);
        return { bytes, ended };
      }),
    ),

  channelChain: (size) =>
    Effect.runPromise(
      Effect.gen(function* () {
        const digest = new Digest();
        const first = yield* Queue.bounded<number, Cause.Done>(0);
        const tasks = [sendAll(first, size)];
        let last = first;
        for (let stage = 0; stage < stages; stage++) {
          const from = last;
          const to = yield* Queue.bounded<number, Cause.Done>(0);
          tasks.push(
            Effect.gen(function* () {
              while (true) yield* Queue.offer(to, (yield* Queue.take(from)) + 1);
            }).pipe(
              Pull.catchDone(() => Queue.end(to)),
              Effect.asVoid,
            ),
          );
          last = to;
        }
        tasks.push(receiveAll(last, digest));
        yield* Effect.all(tasks, atOnce);
        return digest;
      }),
    ),
};

type Items = Queue.Queue<number, Cause.Done>;

function oneToOne(size: number, capacity: number): Promise<Digest> {
  return Effect.runPromise(
    Effect.gen(function* () {
      const digest = new Digest();
      const queue = yield* Queue.bounded<number, Cause.Done>(capacity);
      yield* Effect.all([sendAll(queue, size), receiveAll(queue, digest)], atOnce);
      return digest;
    }),
  );
}

function sendAll(queue: Items, size: number): Effect.Effect<void> {
  return Effect.gen(function* () {
    for (let i = 0; i < size; i++) yield* Queue.offer(queue, i);
    yield* Queue.end(queue);
  });
}

function receiveAll(queue: Items, digest: Digest): Effect.Effect<void> {
  return Effect.gen(function* () {
    while (true) digest.add(yield* Queue.take(queue));
  }).pipe(Pull.catchDone(() => Effect.void));
}

function inScope(body: Effect.Effect<void>): Effect.Effect<void> {
  return Effect.forkChild(body).pipe(Effect.flatMap(Fiber.join));
}

function atDepth(deeper: number, body: Effect.Effect<void>): Effect.Effect<void> {
  return Effect.suspend(() => inScope(deeper === 1 ? body : atDepth(deeper - 1, body)));
}

function* upTo(size: number): Generator<number> {
  for (let i = 0; i < size; i++) yield i;
}

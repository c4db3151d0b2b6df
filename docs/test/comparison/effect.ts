import { Cause, Effect, Exit, Fiber, Option, Queue } from "effect";
import { TestClock } from "effect/testing";
import { foreign, type Observations } from "./rows.ts";

export const effectSide: Observations = {
  async "a block ends while its child runs: the child"() {
    let child = "goes on";
    const work = Effect.sleep(20).pipe(
      Effect.tap(() => Effect.sync(() => (child = "is waited for"))),
      Effect.onInterrupt(() => Effect.sync(() => void (child = "is halted"))),
    );
    await Effect.runPromise(
      Effect.gen(function* () {
        yield* Effect.forkChild(work);
        yield* Effect.sleep(1); // it has begun
      }),
    );
    return child;
  },
  async "one of two fails: the other, when you have the error"() {
    let other = "goes on";
    const failing = Effect.sleep(5).pipe(Effect.flatMap(() => Effect.fail("a")));
    const working = Effect.sleep(60_000).pipe(
      Effect.onInterrupt(() => Effect.sync(() => void (other = "has ended"))),
    );
    await Effect.runPromiseExit(Effect.all([failing, working], { concurrency: "unbounded" }));
    return other;
  },
  async "one fails, the other in its cleanup: the errors"() {
    const failing = Effect.sleep(5).pipe(Effect.flatMap(() => Effect.fail("a")));
    const cleaning = Effect.sleep(60_000).pipe(Effect.onInterrupt(() => Effect.die(new Error("b"))));
    const exit = await Effect.runPromiseExit(Effect.all([failing, cleaning], { concurrency: "unbounded" }));
    if (Exit.isSuccess(exit)) return "none";
    const real = exit.cause.reasons.filter((reason) => !Cause.isInterruptReason(reason));
    return real.length === 2 ? "both" : "only one";
  },
  async "a `catch` takes the cancellation: what follows"() {
    let seen = false;
    const work = Effect.sleep(60_000).pipe(
      Effect.catch(() => Effect.sync(() => void (seen = true))),
      Effect.timeoutOption(5),
    );
    await Effect.runPromise(work);
    return seen ? "goes on" : "`catch` does not see it";
  },
  async "cleanup that waits, without a word about it"() {
    let cleanup = "is cut short";
    const work = Effect.sleep(60_000).pipe(
      Effect.ensuring(
        Effect.sleep(10).pipe(Effect.andThen(Effect.sync(() => void (cleanup = "is waited for")))),
      ),
      Effect.timeoutOption(5),
    );
    await Effect.runPromise(work);
    return cleanup;
  },
  async "cleanup that hangs, with a limit of its own"() {
    const cleanup = Effect.interruptible(Effect.sleep(60_000)).pipe(Effect.timeoutOption(10), Effect.asVoid);
    await Effect.runPromise(Effect.sleep(60_000).pipe(Effect.ensuring(cleanup), Effect.timeoutOption(5)));
    return "by hand: `interruptible`, `timeout`";
  },
  async "a time limit passes: the work, when you go on"() {
    let work = "goes on";
    await Effect.runPromise(
      Effect.sleep(60_000).pipe(
        Effect.onInterrupt(() => Effect.sync(() => void (work = "has ended"))),
        Effect.timeoutOption(5),
      ),
    );
    return work;
  },
  async "a receive is given up: the next item"() {
    return Effect.runPromise(
      Effect.gen(function* () {
        const queue = yield* Queue.bounded<string>(1);
        yield* Queue.take(queue).pipe(Effect.timeoutOption(5));
        yield* Queue.offer(queue, "item");
        const next = yield* Queue.take(queue).pipe(Effect.timeoutOption(20));
        return Option.isSome(next) ? "is kept" : "is lost";
      }),
    );
  },
  async "nobody takes the items: the sender"() {
    return Effect.runPromise(
      Effect.gen(function* () {
        const queue = yield* Queue.bounded<number>(1);
        const sending = Effect.forEach(
          Array.from({ length: 1000 }, (_, item) => item),
          (item) => Queue.offer(queue, item),
        );
        const sent = yield* sending.pipe(Effect.timeoutOption(5));
        return Option.isSome(sent) ? "goes on" : "waits";
      }),
    );
  },
  async "the receivers are gone: a sender that waits"() {
    return Effect.runPromise(
      Effect.gen(function* () {
        const queue = yield* Queue.bounded<number>(1);
        yield* Queue.offer(queue, 0);
        // A receiver that comes and goes.
        yield* Queue.take(queue);
        yield* Queue.offer(queue, 1);
        const sending = yield* Effect.forkChild(Queue.offer(queue, 2));
        const sent = yield* Fiber.join(sending).pipe(Effect.timeoutOption(20));
        if (Option.isSome(sent)) return "gets an error";
        return "waits, until a shutdown by hand";
      }),
    );
  },
  async "an hour, in a test"() {
    return Effect.runPromise(
      Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(Effect.sleep("1 hour"));
        yield* TestClock.adjust("1 hour");
        yield* Fiber.join(fiber);
        return "is moved on by hand";
      }).pipe(Effect.provide(TestClock.layer())),
    );
  },
  async "a promise that takes no signal is given up"() {
    let over = false;
    const old = foreign(60).then(() => (over = true));
    await Effect.runPromise(Effect.promise(() => old).pipe(Effect.timeoutOption(5)));
    return over ? "waits for it" : "stops waiting";
  },
};

import * as effection from "effection";
import { all, createChannel, createQueue, ensure, race, run, sleep, spawn, until } from "effection";
import { foreign, type Observations } from "./rows.ts";

export const effectionSide: Observations = {
  async "a block ends while its child runs: the child"() {
    let child = "goes on";
    await run(function* () {
      yield* spawn(function* () {
        try {
          yield* sleep(20);
          child = "is waited for";
        } finally {
          if (child === "goes on") child = "is halted";
        }
      });
      yield* sleep(1); // it has begun
    });
    return child;
  },
  async "one of two fails: the other, when you have the error"() {
    let other = "goes on";
    function* failing() {
      yield* sleep(5);
      throw new Error("a");
    }
    function* working() {
      try {
        yield* sleep(60_000);
      } finally {
        other = "has ended";
      }
    }
    await run(() => all([failing(), working()])).catch(() => undefined);
    return other;
  },
  async "one fails, the other in its cleanup: the errors"() {
    function* failing() {
      yield* sleep(5);
      throw new Error("a");
    }
    function* cleaning() {
      try {
        yield* sleep(60_000);
      } finally {
        // eslint-disable-next-line no-unsafe-finally
        throw new Error("b");
      }
    }
    const error: unknown = await run(() => all([failing(), cleaning()])).catch((each: unknown) => each);
    const inside: unknown = error instanceof Error ? error.cause : undefined;
    return error instanceof AggregateError || inside !== undefined ? "both" : "only one";
  },
  async "a `catch` takes the cancellation: what follows"() {
    let seen = false;
    await run(function* () {
      yield* race([
        sleep(5),
        (function* () {
          try {
            yield* sleep(60_000);
          } catch {
            seen = true;
          }
        })(),
      ]);
    });
    return seen ? "goes on" : "`catch` does not see it";
  },
  async "cleanup that waits, without a word about it"() {
    let cleanup = "is cut short";
    await run(function* () {
      yield* race([
        sleep(5),
        (function* () {
          try {
            yield* sleep(60_000);
          } finally {
            yield* sleep(10);
            cleanup = "is waited for";
          }
        })(),
      ]);
    });
    return cleanup;
  },
  async "cleanup that hangs, with a limit of its own"() {
    await run(function* () {
      yield* race([
        sleep(5),
        (function* () {
          yield* ensure(function* () {
            yield* race([sleep(10), sleep(60_000)]);
          });
          yield* sleep(60_000);
        })(),
      ]);
    });
    return "by hand: a `race` in it";
  },
  async "a time limit passes: the work, when you go on"() {
    let work = "goes on";
    await run(function* () {
      yield* race([
        sleep(5),
        (function* () {
          try {
            yield* sleep(60_000);
          } finally {
            work = "has ended";
          }
        })(),
      ]);
    });
    return work;
  },
  async "a receive is given up: the next item"() {
    return run(function* () {
      const queue = createQueue<string, never>();
      yield* race([sleep(5), queue.next()]);
      queue.add("item");
      const next = yield* race([
        queue.next(),
        (function* () {
          yield* sleep(20);
          return undefined;
        })(),
      ]);
      return next === undefined ? "is lost" : "is kept";
    });
  },
  async "nobody takes the items: the sender"() {
    const queue = createQueue<number, never>();
    for (let item = 0; item < 1000; item++) queue.add(item); // synchronous, and without any limit
    return "goes on";
  },
  async "the receivers are gone: a sender that waits"() {
    // Its queues are filled synchronously; the send of a channel does not wait for receivers.
    return run(function* () {
      const sent = yield* race([
        createChannel<number, never>().send(1),
        (function* () {
          yield* sleep(20);
          return "still waits";
        })(),
      ]);
      return sent === undefined ? "(none waits)" : sent;
    });
  },
  async "an hour, in a test"() {
    const clocks = Object.keys(effection).filter((name) => /clock|time/i.test(name));
    return clocks.length === 0 ? "is an hour" : clocks.join();
  },
  async "a promise that takes no signal is given up"() {
    let over = false;
    const old = foreign(60).then(() => (over = true));
    await run(function* () {
      yield* race([
        sleep(5),
        (function* () {
          yield* until(old);
        })(),
      ]);
    });
    return over ? "waits for it" : "stops waiting";
  },
};

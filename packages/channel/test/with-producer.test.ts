import {
  BrokenResourceError,
  Cancelled,
  checkpoint,
  ClosedResourceError,
  currentTask,
  DeadlockError,
  EndOfChannel,
  formatTaskTree,
  MisuseError,
  run,
  sleep,
  sleepForever,
  WouldBlock,
} from "@espalier/core";
import { MockClock, runWith } from "@espalier/core/testing";
import {
  ProducerReceiveChannel,
  ProducerSendChannel,
  receiveCase,
  select,
  withProducer,
} from "@espalier/channel";
import { rejection, thrownBy } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

import { begin, inCancelledScope, scope, turns } from "./support/flow.ts";
import { joinAll, spawn } from "./support/task.ts";

const virtually = <T>(body: () => Promise<T>): Promise<T> =>
  run(body, { clock: new MockClock({ autojumpThresholdMs: 0 }) });

describe("withProducer", () => {
  it("gives the consumer what an async generator makes, and its value to the caller", async () => {
    const value = await withProducer(
      async function* () {
        yield 1;
        yield 2;
      },
      async (numbers) => {
        expect(numbers).toBeInstanceOf(ProducerReceiveChannel);
        const seen: number[] = [];
        for await (const n of numbers) seen.push(n);
        return seen;
      },
    );
    expect(value).toEqual([1, 2]);
  });

  it("gives the consumer what a function sends", async () => {
    const value = await withProducer(
      async (send: ProducerSendChannel<string>) => {
        expect(send).toBeInstanceOf(ProducerSendChannel);
        await send.send("a");
        await send.send("b");
      },
      async (letters) => {
        const first = await letters.receive();
        const second = await letters.receive();
        expect(await rejection(letters.receive())).toBeInstanceOf(EndOfChannel);
        return first + second;
      },
    );
    expect(value).toBe("ab");
  });

  it("takes a function that gives an async iterable, now or as a promise", async () => {
    const iterable: AsyncIterable<number> = {
      [Symbol.asyncIterator]() {
        let i = 0;
        return { next: async () => (i < 3 ? { done: false, value: i++ } : { done: true, value: undefined }) };
      },
    };
    for (const producer of [() => iterable, async () => iterable]) {
      const seen = await withProducer<unknown, unknown[]>(producer, async (numbers) => {
        const all: unknown[] = [];
        for await (const n of numbers) all.push(n);
        return all;
      });
      expect(seen).toEqual([0, 1, 2]);
    }
  });

  it.each(["generator", "function"])("no read-ahead: the %s works only when it is asked", async (form) => {
    const log: string[] = [];
    const generator = async function* () {
      for (let i = 0; i < 3; i++) {
        log.push(`make ${i}`);
        yield i;
      }
      log.push("end");
    };
    const sender = async (send: ProducerSendChannel<number>) => {
      for (let i = 0; i < 3; i++) {
        log.push(`make ${i}`);
        await send.send(i);
      }
      log.push("end");
    };
    await withProducer<number, void>(form === "generator" ? generator : sender, async (numbers) => {
      await turns(3);
      log.push("ask");
      for await (const n of numbers) {
        await turns(3);
        log.push(`use ${n}`);
      }
      log.push("done");
    });
    expect(log).toEqual(["ask", "make 0", "use 0", "make 1", "use 1", "make 2", "use 2", "end", "done"]);
  });

  it("a producer that nobody asks never begins", async () => {
    let begun = false;
    const value = await withProducer(
      async () => {
        begun = true;
      },
      () => "value",
    );
    expect(value).toBe("value");
    expect(begun).toBe(false);
  });

  it("law 2: a loop that is left early closes the generator before the block ends, in a cancelled context", async () => {
    const log: unknown[] = [];
    await withProducer(
      async function* () {
        try {
          for (let i = 0; ; i++) yield i;
        } finally {
          log.push(((await rejection(checkpoint())) as Cancelled).reason.source);
        }
      },
      async (numbers) => {
        for await (const n of numbers) if (n === 3) break;
        log.push("left the loop");
        await turns(2);
      },
    );
    expect(log).toEqual(["left the loop", "nursery"]);
  });

  it("law 2: waits for a producer that takes its time to end", async () => {
    await virtually(async () => {
      let ended = false;
      await withProducer(
        async (send: ProducerSendChannel<number>) => {
          try {
            await send.send(1);
          } finally {
            await new Promise((resolve) => setTimeout(resolve, 20)); // foreign, cannot be interrupted
            ended = true;
          }
        },
        (numbers) => numbers.receive(),
      );
      expect(ended).toBe(true);
    });
  });

  it("the producer may open scopes around its sends, as a generator cannot around its yield", async () => {
    await virtually(async () => {
      const ticks = await withProducer(
        async (send: ProducerSendChannel<number>) => {
          await scope(async (status) => {
            for (let i = 0; ; i++) {
              await send.send(i);
              if (i === 2) status.cancel({ source: "explicit" });
              await sleep(10);
            }
          });
          await send.send(99);
        },
        async (numbers) => {
          const seen: number[] = [];
          for await (const n of numbers) seen.push(n);
          return seen;
        },
      );
      expect(ticks).toEqual([0, 1, 2, 99]);
    });
  });

  it("tasks of the producer may send at the same time", async () => {
    await virtually(async () => {
      const seen = await withProducer(
        async (send: ProducerSendChannel<string>) => {
          const tasks = ["a", "b", "c"].map((name) =>
            spawn(async () => {
              for (let i = 0; i < 3; i++) {
                await send.send(`${name}${i}`);
                await sleep(1);
              }
            }),
          );
          await joinAll(tasks);
        },
        async (items) => {
          const all: string[] = [];
          for await (const item of items) all.push(item);
          return all;
        },
      );
      expect([...seen].sort()).toEqual(["a0", "a1", "a2", "b0", "b1", "b2", "c0", "c1", "c2"]);
    });
  });

  it("several of the consumer may ask at the same time; each item goes to one", async () => {
    const [first, second, rest] = await withProducer(
      async function* () {
        for (let i = 0; i < 5; i++) {
          await checkpoint();
          yield i;
        }
      },
      async (numbers) => {
        using clone = numbers.clone();
        const asked = await Promise.all([numbers.receive(), clone.receive()]);
        const others: number[] = [];
        for await (const n of clone) others.push(n);
        return [...asked, others] as const;
      },
    );
    expect([first, second, rest]).toEqual([0, 1, [2, 3, 4]]);
  });

  it("an item whose receiver was cancelled is kept for the next one", async () => {
    await virtually(async () => {
      await withProducer(
        async function* () {
          for (let i = 0; ; i++) {
            await sleep(10);
            yield i;
          }
        },
        async (numbers) => {
          const impatient = begin(() => numbers.receive());
          await sleep(5);
          impatient.cancel();
          await sleep(50);
          expect(impatient.result).toBe("cancelled");
          expect(numbers.statistics()).toEqual({
            openReceiveChannels: 1,
            tasksWaitingReceive: 0,
            tasksWaitingSend: 1, // the producer went on, and waits with its item
          });
          expect(numbers.receiveNowait()).toBe(0);
          expect(thrownBy(() => numbers.receiveNowait())).toBeInstanceOf(WouldBlock); // but it asks
          await sleep(20);
          expect(numbers.receiveNowait()).toBe(1);
        },
      );
    });
  });

  it("works with select", async () => {
    const result = await withProducer(
      async function* () {
        await checkpoint();
        yield "item";
      },
      (items) => select([receiveCase(items)]),
    );
    expect(result).toEqual({ index: 0, value: "item" });
  });

  describe("errors", () => {
    it("of the producer come out as themselves; the consumer is cancelled", async () => {
      const failure = new Error("the producer failed");
      const log: unknown[] = [];
      const error = await rejection(
        withProducer(
          async function* () {
            yield 1;
            throw failure;
          },
          async (numbers) => {
            try {
              for await (const n of numbers) log.push(n);
            } catch (each) {
              log.push((each as Cancelled).reason);
              throw each;
            }
          },
        ),
      );
      expect(error).toBe(failure);
      expect(log).toEqual([1, { source: "nursery", reason: failure, scope: "withProducer" }]);
    });

    it("of the producer come out although the consumer swallows its cancellation", async () => {
      const failure = new Error("the producer failed");
      const error = await rejection(
        withProducer(
          async () => {
            throw failure;
          },
          async (numbers) => {
            await numbers.receive().catch(() => undefined);
            return "all is well";
          },
        ),
      );
      expect(error).toBe(failure);
    });

    it("of the consumer come out as themselves; the producer is cancelled and waited for", async () => {
      const failure = new Error("the consumer failed");
      let closed = false;
      const error = await rejection(
        withProducer(
          async function* () {
            try {
              yield 1;
            } finally {
              closed = true;
            }
          },
          async (numbers) => {
            await numbers.receive();
            throw failure;
          },
        ),
      );
      expect(error).toBe(failure);
      expect(closed).toBe(true);
    });

    it("of a consumer that throws synchronously come out the same way", async () => {
      const failure = new Error("at once");
      expect(
        await rejection(
          withProducer(
            async () => undefined,
            () => {
              throw failure;
            },
          ),
        ),
      ).toBe(failure);
    });

    it("of the generator's cleanup are not lost, though the loop was left", async () => {
      const failure = new Error("the cleanup failed");
      const make = async function* () {
        try {
          yield 1;
        } finally {
          throw failure;
        }
      };
      expect(await rejection(withProducer(make, (numbers) => numbers.receive()))).toBe(failure);
    });

    it("of both come out in one AggregateError, the consumer's first", async () => {
      const [first, second] = [new Error("consumer"), new Error("producer's cleanup")];
      const error = (await rejection(
        withProducer(
          async function* () {
            try {
              yield 1;
            } finally {
              throw second;
            }
          },
          async (numbers) => {
            await numbers.receive();
            throw first;
          },
        ),
      )) as AggregateError;
      expect(error).toBeInstanceOf(AggregateError);
      expect(error.errors).toEqual([first, second]);
      expect(error.message).toBe('The consumer and the producer of "withProducer" failed.');
    });

    it("undefined can be thrown too", async () => {
      const outcome = await withProducer(
        async () => {
          throw undefined;
        },
        (numbers) => numbers.receive(),
      ).then(
        () => "fulfilled",
        (error: unknown) => [error],
      );
      expect(outcome).toEqual([undefined]);
    });

    it("a Cancelled that strayed in from elsewhere is a MisuseError", async () => {
      const stray = inCancelledScope(() => checkpoint());
      stray.catch(() => undefined);
      expect(
        await rejection(
          withProducer(
            async () => undefined,
            () => stray,
          ),
        ),
      ).toBeInstanceOf(MisuseError);
      expect(
        await rejection(
          withProducer(
            () => stray,
            (items) => items.receive(),
          ),
        ),
      ).toBeInstanceOf(MisuseError);
    });
  });

  describe("cancellation from outside", () => {
    it("reaches both, and goes on as one Cancelled", async () => {
      const log: string[] = [];
      const block = begin(() =>
        withProducer(
          async () => {
            try {
              await sleepForever();
            } catch (error) {
              log.push(`producer: ${(error as Error).name}`);
              throw error;
            }
          },
          async (items) => {
            try {
              await items.receive();
            } catch (error) {
              log.push(`consumer: ${(error as Error).name}`);
              throw error;
            }
          },
        ),
      );
      await turns(2);
      block.cancel();
      await block.ended;
      expect(block.result).toBe("cancelled");
      expect(log.sort()).toEqual(["consumer: Cancelled", "producer: Cancelled"]);
    });

    it("does not hide an error of the producer's cleanup", async () => {
      const failure = new Error("the cleanup failed");
      const block = begin(() =>
        withProducer(
          async () => {
            try {
              await sleepForever();
            } finally {
              throw failure;
            }
          },
          (items) => items.receive(),
        ),
      );
      await turns(2);
      block.cancel();
      await block.ended;
      expect((block.standing as { error: unknown }).error).toBe(failure);
    });

    it("goes on when it has ended only the producer, as in a nursery", async () => {
      const log: string[] = [];
      const block = begin(() =>
        withProducer(
          async (send: ProducerSendChannel<number>) => {
            await send.send(1);
          },
          async (numbers) => {
            await numbers.receive();
            await turns(3); // foreign: the cancellation does not reach it
            log.push("the consumer is through");
          },
        ),
      );
      await turns(1);
      block.cancel();
      await block.ended;
      expect(log).toEqual(["the consumer is through"]);
      expect(block.result).toBe("cancelled");
    });

    it("law 4: it only opens a block: in a cancelled scope both run to their first checkpoint", async () => {
      const log: string[] = [];
      const error = await rejection(
        inCancelledScope(() =>
          withProducer(
            async () => {
              log.push("producer");
            },
            async (items) => {
              log.push("consumer");
              await items.receive();
              log.push("unreachable");
            },
          ),
        ),
      );
      expect(error).toBeInstanceOf(Cancelled);
      expect(log).toEqual(["consumer"]); // the producer's first checkpoint is the wait for a request
    });
  });

  describe("closing", () => {
    it("the consumer's end cancels the producer before the block ends, and its error is not lost", async () => {
      const log: string[] = [];
      await withProducer(
        async function* () {
          try {
            for (let i = 0; ; i++) yield i;
          } finally {
            log.push("producer closed");
          }
        },
        async (numbers) => {
          await numbers.receive();
          numbers.close();
          expect(await rejection(numbers.receive())).toBeInstanceOf(ClosedResourceError);
          expect(thrownBy(() => numbers.clone())).toBeInstanceOf(ClosedResourceError);
          await turns(2);
          log.push("consumer goes on");
        },
      );
      expect(log).toEqual(["producer closed", "consumer goes on"]);
    });

    it("the producer's end is the end for the consumer, while the producer tidies up", async () => {
      const log: string[] = [];
      await withProducer(
        async (send: ProducerSendChannel<number>) => {
          await send.send(1);
          send.close();
          send.close();
          expect(await rejection(send.send(2))).toBeInstanceOf(ClosedResourceError);
          await turns(3);
          log.push("tidied up");
        },
        async (numbers) => {
          for await (const _ of numbers);
          log.push("the consumer is through");
          await turns(5);
        },
      );
      expect(log).toEqual(["the consumer is through", "tidied up"]);
    });

    it("who sends for the producer from elsewhere learns that it is over", async () => {
      let escaped!: ProducerSendChannel<number>;
      let stuck!: Promise<void>;
      await withProducer(
        async (send: ProducerSendChannel<number>) => {
          escaped = send;
          await send.send(1);
        },
        async (numbers) => {
          await numbers.receive();
          // Not in the producer's task, so it is not cancelled with it.
          stuck = begin(() => escaped.send(2)).ended.then((flow) => {
            expect(flow.result).toBe("BrokenResourceError");
          });
        },
      );
      await stuck;
      expect(await rejection(escaped.send(3))).toBeInstanceOf(ClosedResourceError);
    });

    it("a clone that outlives the block meets an error, not an end that looks normal", async () => {
      let escaped!: ProducerReceiveChannel<number>;
      await withProducer(
        async function* () {
          yield 1;
          yield 2;
        },
        async (numbers) => {
          escaped = numbers.clone();
          await numbers.receive();
        },
      );
      expect(await rejection(escaped.receive())).toBeInstanceOf(BrokenResourceError);
      escaped.close();
    });
  });

  it("the producer is a task of its own, with its function's name, inside a nursery", async () => {
    await run(async () => {
      const main = currentTask();
      await withProducer(
        async function readLines(send: ProducerSendChannel<string>) {
          expect(currentTask()?.name).toBe("readLines");
          expect(currentTask()).not.toBe(main);
          await send.send("line");
        },
        async (lines) => {
          expect(currentTask()).toBe(main);
          await turns();
          expect(formatTaskTree()).toMatch(
            /nursery "lines of a file": open\n\s+└─ task "readLines": running, waiting for channel.wanted/,
          );
          await lines.receive();
        },
        { name: "lines of a file" },
      );
    });
  });

  it("a deadlock between the two is found", async () => {
    const error = await rejection(
      runWith(
        () =>
          withProducer(
            () => sleepForever(),
            (items) => items.receive(),
          ),
        { deadlockWhenBlocked: true },
      ),
    );
    expect(error).toBeInstanceOf(DeadlockError);
    expect((error as Error).message).toContain("waiting for channel.receive");
  });

  it("law 13: refuses what is no function, as a rejection", async () => {
    const generator = async function* () {
      yield 1;
    };
    await expect(withProducer(generator() as never, () => undefined)).rejects.toThrow(
      "withProducer needs a function, not an object.",
    );
    await expect(withProducer(generator, undefined as never)).rejects.toThrow(
      "needs a function, not undefined.",
    );
    await expect(withProducer(Promise.resolve() as never, () => undefined)).rejects.toThrow(
      "pass the function, not its result",
    );
    await expect(withProducer(generator, () => undefined, { name: 5 as never })).rejects.toThrow(
      "withProducer.name needs a string, not a number.",
    );
  });
});

import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";

import {
  CancelScope,
  currentSignal,
  failAfter,
  moveOnAfter,
  shielded,
  TooSlowError,
  withSignal,
} from "@espalier/cancel-scope";
import { openMemoryChannel } from "@espalier/channel";
import {
  checkpoint,
  checkpointIfCancelled,
  currentTime,
  DeadlockError,
  isCancelled,
  MisuseError,
  rethrowIfCancelled,
  run,
  sleep,
  sleepForever,
} from "@espalier/core";
import { currentStatus } from "@espalier/core/lowlevel";
import { Deadline } from "@espalier/core/testing";
import { openNursery } from "@espalier/nursery";
import { CapacityLimiter, Condition, Lock, RwLock, Semaphore } from "@espalier/sync";
import { unhandledDuring } from "@espalier/test-support";
import { cancelEverywhere, UncleanCancellationError } from "@espalier/testing";
import { describe, expect, it } from "vitest";

import { foreign } from "./support/foreign.ts";
import { rejection } from "./support/rejection.ts";

const { addEventListener } = EventTarget.prototype;

async function unclean(promise: Promise<unknown>): Promise<UncleanCancellationError> {
  const error = await rejection(promise);
  if (!(error instanceof UncleanCancellationError)) throw error;
  return error;
}

describe("cancelEverywhere, where it cancels", () => {
  it("on entry to each checkpoint, and while parked where it waits", async () => {
    const log: string[] = [];
    let run = -1;
    const report = await cancelEverywhere(async () => {
      const [send, receive] = openMemoryChannel<string>(1);
      run++;
      const step = async (name: string, work: () => Promise<unknown>): Promise<void> => {
        try {
          await work();
        } catch (error) {
          log.push(`run ${run}: ${name}`);
          throw error;
        }
      };
      await step("sleep", () => sleep(5)); // waits
      await step("checkpoint", () => checkpoint()); // passes
      await step("send", () => send.send("a")); // need not wait
      await step("half", () => checkpointIfCancelled());
      await step("receive", () => receive.receive()); // need not wait
    });
    expect(log).toEqual([
      "run 1: sleep", // on entry
      "run 2: sleep", // while parked
      "run 3: checkpoint",
      "run 4: send",
      "run 5: half",
      "run 6: receive",
    ]);
    expect(report).toMatchObject({ checkpoints: 5, cancellations: 6, complete: true });
  });

  it("numbers the checkpoints of all tasks of the program", async () => {
    const report = await cancelEverywhere(
      () => () =>
        openNursery((nursery) => {
          nursery.startSoon(() => sleep(1));
          nursery.startSoon(() => sleep(2));
        }),
    );
    // the nursery's exit cannot be cancelled, but a cancellation can arrive while it waits
    expect(report).toEqual({ checkpoints: 3, cancellations: 5, complete: true });
  });

  it("a program without checkpoints is never cancelled", async () => {
    expect(await cancelEverywhere(() => () => 1)).toEqual({
      checkpoints: 0,
      cancellations: 0,
      complete: true,
    });
  });

  it("makes the program anew for each run", async () => {
    let made = 0;
    const report = await cancelEverywhere(() => {
      made++;
      let runs = 0;
      return async () => {
        expect(++runs).toBe(1);
        await sleep(1);
      };
    });
    expect(made).toBe(report.cancellations + 1);
  });

  it("takes a plain async function, and an async maker, too", async () => {
    expect((await cancelEverywhere(() => sleep(1))).cancellations).toBe(2);
    expect((await cancelEverywhere(async () => sleep(1))).cancellations).toBe(2);
    expect((await cancelEverywhere(async () => () => sleep(1))).cancellations).toBe(2);
  });

  it("runs under virtual time, each run from the start", async () => {
    const starts = new Set<number>();
    await cancelEverywhere(
      async () => {
        starts.add(currentTime());
        await sleep(1e9);
      },
      { startTime: 50 },
    );
    expect([...starts]).toEqual([50]);
  });

  it("takes a seed for the order of resumptions", async () => {
    const orders = new Set<string>();
    for (let seed = 0; seed < 10; seed++) {
      await cancelEverywhere(
        () => {
          const order: string[] = [];
          return async () => {
            await openNursery((nursery) => {
              for (const name of ["a", "b"]) nursery.startSoon(async () => void order.push(name));
            });
            orders.add(order.join(""));
          };
        },
        { seed },
      );
    }
    expect([...orders].sort()).toEqual(["ab", "ba"]);
  });

  it("stops at maxCheckpoints, and says so", async () => {
    const count = { runs: 0 };
    const report = await cancelEverywhere(
      async () => {
        count.runs++;
        for (;;) await checkpoint();
      },
      { maxCheckpoints: 7 },
    );
    expect(report).toEqual({ checkpoints: 7, cancellations: 7, complete: false });
    expect(count.runs).toBe(8);
  });

  it("law 4: can be called in a task, and is cancelled between two runs", async () => {
    expect(await run(() => cancelEverywhere(() => sleep(1)))).toMatchObject({ complete: true });
    let runs = 0;
    const finished = await moveOnAfter(20, () =>
      cancelEverywhere(async () => {
        runs++;
        for (;;) await sleep(1);
      }),
    );
    expect(finished).toBeUndefined();
    expect(runs).toBeLessThan(2000);
  });
});

describe("cancelEverywhere passes what is right", () => {
  it("producers and consumers, with clones and closes", async () => {
    const report = await cancelEverywhere(() => {
      const [send, receive] = openMemoryChannel<number>(2);
      return () =>
        openNursery(async (nursery) => {
          for (let p = 0; p < 2; p++) {
            const end = send.clone();
            nursery.startSoon(async () => {
              using _ = end;
              for (let i = 0; i < 3; i++) {
                await sleep(i);
                await end.send(i);
              }
            });
          }
          send.close();
          for await (const item of receive) await sleep(item);
        });
    });
    expect(report.complete).toBe(true);
    expect(report.checkpoints).toBeGreaterThan(15);
  });

  it("scopes, limits, shielded cleanup and nested nurseries", async () => {
    await cancelEverywhere(async () => {
      try {
        await moveOnAfter(10, () => sleep(20));
        await failAfter(10, () => sleep(5));
        await Promise.all([moveOnAfter(1, () => sleep(2)), moveOnAfter(3, () => sleep(2))]);
        await openNursery(async (outer) => {
          outer.startSoon(sleepForever, { daemon: true });
          const child = await outer.start(async (started: (value: number) => void) => {
            await sleep(1);
            started(1);
            await sleep(1);
          });
          expect(child).toBe(1);
          await openNursery((inner) => {
            const task = inner.startSoon(() => sleep(50));
            inner.startSoon(async () => {
              await sleep(5);
              task.cancel();
            });
          });
        });
      } finally {
        await shielded(() => sleep(5), { graceMs: 100 });
      }
    });
  });

  it("cleanup that meets its own cancellation", async () => {
    await cancelEverywhere(async () => {
      try {
        await sleep(5);
      } finally {
        await sleep(5);
      }
    });
  });

  it("a catch that lets it go on", async () => {
    await cancelEverywhere(async () => {
      try {
        await failAfter(5, () => sleep(10));
      } catch (error) {
        rethrowIfCancelled(error);
        expect(error).toBeInstanceOf(TooSlowError);
      }
    });
  });

  it("a program that was given its value before the cancellation came", async () => {
    // law 6: delivered beats cancelled, and nothing in it raises afterwards
    await cancelEverywhere(() => {
      const [send, receive] = openMemoryChannel<number>();
      return () =>
        openNursery(async (nursery) => {
          nursery.startSoon(() => send.send(1));
          await receive.receive();
        });
    });
  });

  it("a program that ends inside a shield", async () => {
    await cancelEverywhere(() => shielded(() => sleep(5), { graceMs: Infinity }));
    await cancelEverywhere(() => new CancelScope({ shield: true, timeout: 5 }).run(sleepForever));
  });

  it("foreign work that is given our signal", async () => {
    await cancelEverywhere(() => delay(1, undefined, { signal: currentSignal() }));
    await cancelEverywhere(() => withSignal((signal) => delay(1, undefined, { signal })));
  });

  it("disposal that keeps the cancellation to itself, as it must", async () => {
    await cancelEverywhere(async () => {
      await using _connection = {
        async [Symbol.asyncDispose]() {
          try {
            await sleep(1); // says goodbye
          } catch (error) {
            if (!isCancelled(error)) throw error;
          }
        },
      };
    });
  });

  it("a program whose flows take different time to unwind", async () => {
    await cancelEverywhere(async () => {
      const slowly = async (depth: number): Promise<void> => {
        if (depth === 0) await sleep(5);
        else await slowly(depth - 1).finally(() => undefined);
      };
      await Promise.all([slowly(0), slowly(50)]);
    });
  });
});

describe("cancelEverywhere reports", () => {
  it("the checkpoint: its number, manner, label, task and line", async () => {
    const error = await unclean(
      cancelEverywhere(async function program() {
        await checkpoint();
        await sleep(5);
        await openNursery((nursery) => {
          nursery.startSoon(async function worker() {
            await sleep(7).catch(() => undefined); // the line to be named
          });
        });
      }),
    );
    expect(error).toMatchObject({ checkpoint: 3, manner: "on entry" });
    expect(error.message).toMatch(
      /^Cancelled on entry to checkpoint 3 \(sleep, in the task "worker", at .*worker.*cancel-everywhere\.test\.ts:\d+:\d+\)?\)/,
    );
    expect(error.message).toContain("swallowed the Cancelled");
  });

  it("a task that was left running", async () => {
    const error = await unclean(
      cancelEverywhere(async () => {
        void openNursery(
          (nursery) =>
            void nursery.startSoon(() => shielded(() => sleep(10), { graceMs: 100 }), { name: "stray" }),
          { name: "lost" },
        ).catch(() => undefined);
        await sleep(1);
      }),
    );
    expect(error.problems).toHaveLength(1);
    expect(error.problems[0]).toContain('nursery "lost"');
    expect(error.problems[0]).toContain('task "stray": running');
  });

  it("an operation that was left waiting", async () => {
    const error = await unclean(
      cancelEverywhere(async () => {
        sleep(1000).catch(() => undefined);
        await checkpoint();
      }),
    );
    expect(error.message).toContain("Without being cancelled");
    expect(error.checkpoint).toBeUndefined();
    expect(error.message).toContain("waiting for sleep");
  });

  it("a scope that was left open", async () => {
    const error = await unclean(
      cancelEverywhere(async () => {
        void new CancelScope({ name: "open door", shield: true }).run(() => foreign(100));
        await checkpoint();
      }),
    );
    expect(error.message).toContain('scope "open door"');
  });

  it("a timer", async () => {
    class Bell extends Deadline {
      expire(): void {
        // rings
      }
      protected letGo(): void {
        // it is about nothing
      }
    }
    const error = await unclean(
      cancelEverywhere(async () => {
        const { deadlines } = currentStatus().runtime;
        const bell = new Bell(deadlines, 1000);
        deadlines.add(bell);
        await sleep(5);
        bell.cancel(); // not reached when the sleep is cancelled
      }),
    );
    expect(error).toMatchObject({ checkpoint: 1, manner: "on entry" });
    expect(error.problems).toEqual(["it left 1 timer (deadlines or sleeps) running"]);
  });

  it("an error that is raised because the program was cancelled", async () => {
    const error = await unclean(
      cancelEverywhere(async () => {
        let connection: { close(): void } | undefined;
        try {
          await sleep(1);
          connection = { close: () => undefined };
          await sleep(1);
        } finally {
          connection!.close(); // not there yet when the first sleep is cancelled
        }
      }),
    );
    expect(error).toMatchObject({ checkpoint: 1, manner: "on entry" });
    expect(error.message).toContain("raised an error: TypeError");
    expect(error.cause).toBeInstanceOf(TypeError);
  });

  it("a Cancelled that was swallowed, on entry or while parked", async () => {
    const last = await unclean(
      cancelEverywhere(async function program() {
        await sleep(5).catch(() => undefined);
      }),
    );
    expect(last).toMatchObject({ checkpoint: 1, manner: "on entry" });
    const parked = await unclean(
      cancelEverywhere(async function program() {
        const nap = sleep(5);
        const refused = currentStatus().cancelled;
        await nap.catch((error: unknown) => {
          if (refused) throw error;
        });
      }),
    );
    expect(parked).toMatchObject({ checkpoint: 1, manner: "while parked", label: "sleep" });
    expect(parked.message).toContain("Cancelled while parked at checkpoint 1 (sleep, at ");
  });

  it("no swallowed Cancelled where completion is allowed", async () => {
    const bestEffort = async (): Promise<void> => {
      await sleep(5).catch(() => undefined);
    };
    expect(await cancelEverywhere(bestEffort, { allowCompletion: true })).toMatchObject({ complete: true });
  });

  it("a loop that swallows for ever", async () => {
    const error = await unclean(
      cancelEverywhere(async () => {
        for (let i = 0; i < 3;) {
          try {
            await sleep(1);
            i++;
          } catch {
            // "robust"
          }
        }
      }),
    );
    expect(error).toMatchObject({ checkpoint: 1 });
    expect(error.message).toContain("something catches it and goes round again");
  });

  it("a shield without a limit that never ends", async () => {
    const error = await unclean(
      cancelEverywhere(async () => {
        const outside = currentSignal();
        await shielded(
          async () => {
            for (let i = 0; i < 3 || outside.aborted; i++) await sleep(1);
          },
          { graceMs: Infinity },
        );
      }),
    );
    expect(error.message).toContain("shielded without a limit");
  });

  it("a deadlock that only a cancelled program runs into", async () => {
    const error = await unclean(
      cancelEverywhere(() => {
        const [send, receive] = openMemoryChannel<string>();
        return () =>
          openNursery((nursery) => {
            nursery.startSoon(async () => {
              await sleep(1);
              await send.send("done");
            });
            nursery.startSoon(() =>
              shielded(() => receive.receive(), { graceMs: Infinity, name: "waits for ever" }),
            );
          });
      }),
    );
    expect(error.cause).toBeInstanceOf(DeadlockError);
    expect(error.message).toContain('scope "waits for ever"');
    expect(error.checkpoint).toBeGreaterThan(0);
  });

  it("a foreign promise that never comes when the program was cancelled", async () => {
    const error = await unclean(
      cancelEverywhere(
        async () => {
          let acknowledge!: () => void;
          const acknowledged = new Promise<void>((resolve) => (acknowledge = resolve));
          try {
            await sleep(1);
            acknowledge();
          } finally {
            await acknowledged;
          }
        },
        { patienceMs: 100 },
      ),
    );
    expect(error).toMatchObject({ checkpoint: 1, manner: "on entry" });
    expect(error.message).toContain("something foreign is awaited that does not come");
    expect(EventTarget.prototype.addEventListener).toBe(addEventListener); // nothing is watched any more
  });

  it("a rejection that nobody looked at", async () => {
    let error!: Error;
    await unhandledDuring(async () => {
      error = await unclean(
        cancelEverywhere(async () => {
          const lookup = sleep(5); // lost if the other one is cancelled first
          const other = sleep(10);
          await other;
          await lookup;
        }),
      );
    });
    expect(error.message).toContain("a promise was rejected and nobody looked at it");
  });

  it.each([
    ["a lock", () => new Lock().acquire()],
    ["the lock of a condition", () => new Condition().acquire()],
    ["a reader-writer lock", () => new RwLock().read()],
    ["a reader-writer lock, for writing", () => new RwLock().write()],
    ["a token of a limiter", () => new CapacityLimiter(3).acquire()],
  ])("%s that is not given back", async (_name, acquire) => {
    const error = await unclean(
      cancelEverywhere(async () => {
        const guard = await acquire();
        await sleep(5);
        guard.release(); // no finally
      }),
    );
    expect(error).toMatchObject({ checkpoint: 2, manner: "on entry" });
    expect(error.problems).toEqual(["it left 1 lock held that it gives back when it is not cancelled"]);
  });

  it("no lock that the program gives back, or keeps in any case", async () => {
    const lock = new Lock();
    await cancelEverywhere(async () => {
      using _alone = await lock.acquire();
      await sleep(5);
    });
    await cancelEverywhere(async () => {
      await new Lock().acquire();
      await sleep(5);
    });
  });

  it("what the check afterwards finds", async () => {
    let permits = new Semaphore(1);
    const careless = () => {
      permits = new Semaphore(1);
      return async () => {
        const permit = await permits.acquire();
        await sleep(5);
        permit.release(); // no finally
      };
    };
    await cancelEverywhere(careless); // permits may be put in by others
    const asserted = await unclean(
      cancelEverywhere(careless, {
        check: () => {
          expect(permits.value).toBe(1);
        },
      }),
    );
    expect(asserted).toMatchObject({ checkpoint: 2, manner: "on entry" });
    expect(asserted.message).toContain("the check afterwards failed");
    const acquired = await unclean(cancelEverywhere(careless, { check: () => permits.acquire() }));
    expect(acquired).toMatchObject({ checkpoint: 2, manner: "on entry" });
    expect(acquired.message).toContain("waiting for semaphore.acquire");
    expect(acquired.cause).toBeInstanceOf(DeadlockError);
  });
});

describe("cancelEverywhere and abort listeners", () => {
  it("reports one that is left on a signal that outlives the program", async () => {
    const { signal } = new AbortController();
    const error = await unclean(
      cancelEverywhere(async () => {
        const stop = (): void => undefined;
        signal.addEventListener("abort", stop);
        await sleep(1);
        signal.removeEventListener("abort", stop); // not reached when the sleep is cancelled
      }),
    );
    expect(error.problems).toEqual(["it left 1 abort listener on a signal that lives longer than it does"]);
  });

  it("reports one that is left on the signal of the scope around the program", async () => {
    const error = await unclean(
      cancelEverywhere(async () => {
        currentSignal().addEventListener("abort", () => undefined);
        await sleep(1);
      }),
    );
    expect(error.checkpoint).toBeUndefined(); // the signal of a cancelled scope has aborted, and is done with
  });

  it("passes one that is removed, or taken by once, or tied to another signal", async () => {
    const { signal } = new AbortController();
    await cancelEverywhere(async () => {
      const scope = new CancelScope({ signal });
      await scope.run(() => sleep(1));
      const owner = new AbortController();
      try {
        signal.addEventListener("abort", () => undefined, { signal: owner.signal });
        await sleep(1);
      } finally {
        owner.abort();
      }
    });
  });

  it("passes Node's own functions, which clean up", async () => {
    const { signal } = new AbortController();
    const emitter = new EventTarget();
    await cancelEverywhere(() =>
      withSignal(async (own) => {
        const either = AbortSignal.any([own, signal]);
        setTimeout(() => emitter.dispatchEvent(new Event("ready")), 5);
        await once(emitter as never, "ready", { signal: either });
      }),
    );
  });

  it("does not count signals that live and die with the program", async () => {
    await cancelEverywhere(async () => {
      new AbortController().signal.addEventListener("abort", () => undefined);
      await moveOnAfter(5, async () => {
        currentSignal().addEventListener("abort", () => undefined);
      });
      await sleep(1);
    });
  });

  it("does not count what other code does meanwhile, and leaves no trace", async () => {
    const before = [EventTarget.prototype.addEventListener, EventTarget.prototype.removeEventListener];
    const { signal } = new AbortController();
    await Promise.all([
      cancelEverywhere(() => foreign(5).then(() => sleep(1))),
      foreign(10).then(() => {
        signal.addEventListener("abort", () => undefined);
      }),
    ]);
    expect([EventTarget.prototype.addEventListener, EventTarget.prototype.removeEventListener]).toEqual(
      before,
    );
  });
});

describe("cancelEverywhere, a program that fails without being cancelled", () => {
  it("raises its error as itself", async () => {
    const error = new Error("mine");
    expect(
      await rejection(
        cancelEverywhere(async () => {
          await sleep(1);
          throw error;
        }),
      ),
    ).toBe(error);
  });

  it("raises its deadlock", async () => {
    expect(await rejection(cancelEverywhere(() => sleepForever()))).toBeInstanceOf(DeadlockError);
  });

  it("does not let a stray Cancelled out", async () => {
    const scope = new CancelScope();
    scope.cancel();
    let stray: unknown;
    await scope.run(() => checkpoint().catch((error: unknown) => (stray = error)));
    expect(await rejection(cancelEverywhere(() => Promise.reject(stray as Error)))).toBeInstanceOf(
      MisuseError,
    );
  });
});

describe("cancelEverywhere, arguments", () => {
  it("rejects what is wrong", async () => {
    const body = (): Promise<void> => sleep(1);
    expect(await rejection(cancelEverywhere(Promise.resolve() as never))).toBeInstanceOf(TypeError);
    expect(await rejection(cancelEverywhere(body, { maxCheckpoints: 0 }))).toBeInstanceOf(RangeError);
    expect(await rejection(cancelEverywhere(body, { maxCheckpoints: 1.5 }))).toBeInstanceOf(RangeError);
    expect(await rejection(cancelEverywhere(body, { patienceMs: -1 }))).toBeInstanceOf(RangeError);
    expect(await rejection(cancelEverywhere(body, { seed: 0.5 }))).toBeInstanceOf(RangeError);
    expect(await rejection(cancelEverywhere(body, { check: 1 as never }))).toBeInstanceOf(TypeError);
  });
});

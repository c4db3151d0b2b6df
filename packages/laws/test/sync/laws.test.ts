import { failAfter, moveOnAfter, shielded, TooSlowError } from "@espalier/cancel-scope";
import { checkpoint, DeadlockError, sleep } from "@espalier/core";
import { NurseryError, openNursery } from "@espalier/nursery";
import { CapacityLimiter, Condition, Event, Lock, RwLock, Semaphore } from "@espalier/sync";
import { exploreSchedules, runVirtual } from "@espalier/testing";
import { describe, expect, it } from "vitest";

describe("sync with scopes and nurseries", () => {
  it("law 5: a time limit on an acquire that was too late leaves no trace, and the next one gets it", async () => {
    await runVirtual(async () => {
      const lock = new Lock();
      const log: string[] = [];
      await openNursery(async (nursery) => {
        nursery.startSoon(async () => {
          using _guard = await lock.acquire();
          await sleep(100);
        });
        await checkpoint();
        const late = await moveOnAfter(50, async () => {
          using _guard = await lock.acquire();
          log.push("never");
          return "inside";
        });
        expect(late).toBeUndefined();
        expect(lock.statistics().tasksWaiting).toBe(0);
        await expect(failAfter(10, () => lock.acquire())).rejects.toBeInstanceOf(TooSlowError);
        using _guard = await lock.acquire();
        log.push("at last");
      });
      expect(log).toEqual(["at last"]);
      expect(lock.locked).toBe(false);
    });
  });

  it("law 1: a guard's block is unwound by a cancellation, and the lock is free before the scope is left", async () => {
    await runVirtual(async () => {
      const semaphore = new Semaphore(1, { maxValue: 1 });
      await moveOnAfter(10, async () => {
        using _permit = await semaphore.acquire();
        await sleep(1000);
      });
      expect(semaphore.value).toBe(1);
    });
  });

  it("law 3: a child that fails inside gives back what it held, and the error comes out", async () => {
    const limiter = new CapacityLimiter(1);
    await expect(
      openNursery((nursery) => {
        for (let i = 0; i < 3; i++) {
          nursery.startSoon(async () => {
            using _token = await limiter.acquire();
            await checkpoint();
            throw new Error("inside");
          });
        }
      }),
    ).rejects.toBeInstanceOf(NurseryError);
    expect(limiter.borrowedTokens).toBe(0);
    expect(limiter.statistics().tasksWaiting).toBe(0);
  });

  it("a shielded cleanup can take a lock in a cancelled scope", async () => {
    await runVirtual(async () => {
      const lock = new Lock();
      let saved = false;
      await moveOnAfter(10, async () => {
        try {
          await sleep(1000);
        } finally {
          await shielded(
            async () => {
              using _guard = await lock.acquire();
              await sleep(1);
              saved = true;
            },
            { graceMs: 100 },
          );
        }
      });
      expect(saved).toBe(true);
    });
  });

  it("Condition.wait with a time limit comes back with the lock, and its late notification goes to another", async () => {
    await runVirtual(async () => {
      const condition = new Condition();
      const log: string[] = [];
      await openNursery(async (nursery) => {
        nursery.startSoon(async () => {
          using guard = await condition.acquire();
          const inTime = await moveOnAfter(50, async () => {
            await condition.wait(guard);
            return true;
          });
          expect(condition.statistics().lockStatistics.owner).toBe(guard);
          log.push(inTime === true ? "first woke" : "first gave up");
        });
        nursery.startSoon(async () => {
          using guard = await condition.acquire();
          await condition.wait(guard);
          log.push("second woke");
        });
        await sleep(40);
        using _guard = await condition.acquire();
        condition.notify();
        await sleep(20); // the limit of the first passes while it waits for the lock
      });
      expect(log).toEqual(["second woke", "first gave up"]);
    });
  });

  it("a deadlock between two locks is told with what each waits for", async () => {
    const [a, b] = [new Lock(), new Lock()];
    const both = async (first: Lock, second: Lock): Promise<void> => {
      using _first = await first.acquire();
      await checkpoint();
      using _second = await second.acquire();
    };
    const error = await runVirtual(() =>
      openNursery((nursery) => {
        nursery.startSoon(() => both(a, b), { name: "a then b" });
        nursery.startSoon(() => both(b, a), { name: "b then a" });
      }),
    ).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(DeadlockError);
    expect((error as Error).message).toMatch(/"a then b".*lock\.acquire/);
    expect((error as Error).message).toMatch(/"b then a".*lock\.acquire/);
    expect([a.locked, b.locked]).toEqual([false, false]);
  });

  it("an event is heard across runs and outside of any", async () => {
    const event = new Event();
    const outside = event.wait();
    await runVirtual(async () => {
      await openNursery((nursery) => {
        nursery.startSoon(() => event.wait());
        nursery.startSoon(async () => {
          await sleep(1000);
          event.set();
        });
      });
    });
    await outside;
  });

  it("in every order of resumptions, what a lock protects is never seen half done", async () => {
    await exploreSchedules(
      async () => {
        const lock = new RwLock();
        let [a, b] = [0, 0];
        await openNursery((nursery) => {
          for (let i = 0; i < 3; i++) {
            nursery.startSoon(async () => {
              using _alone = await lock.write();
              a++;
              await checkpoint();
              b++;
            });
            nursery.startSoon(async () => {
              using _together = await lock.read();
              const seen = a;
              await checkpoint();
              expect([seen, b]).toEqual([a, a]);
            });
          }
        });
        expect([a, b]).toEqual([3, 3]);
      },
      { runs: 100, seed: 1 },
    );
  });
});

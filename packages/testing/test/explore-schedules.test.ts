import { moveOnAfter } from "@espalier/cancel-scope";
import { checkpoint, currentTime, DeadlockError, run, sleep, sleepForever } from "@espalier/core";
import { openNursery } from "@espalier/nursery";
import { exploreSchedules, FailedScheduleError, runVirtual } from "@espalier/testing";
import { describe, expect, it } from "vitest";

import { rejection } from "./support/rejection.ts";

/** Check-then-act across a checkpoint: two can take the last one, if they meet there. */
async function racy(): Promise<void> {
  let seats = 1;
  const book = async (): Promise<void> => {
    await checkpoint();
    if (seats > 0) {
      await checkpoint();
      seats--;
    }
  };
  await openNursery((nursery) => {
    nursery.startSoon(book);
    nursery.startSoon(book);
  });
  if (seats < 0) throw new Error("overbooked");
}

/** Fails only if the last of ten tasks is the first to go on after the sleep, and then the first comes. */
async function rare(): Promise<void> {
  const order: number[] = [];
  await openNursery((nursery) => {
    for (let i = 0; i < 10; i++) {
      nursery.startSoon(async () => {
        await sleep(10);
        order.push(i);
      });
    }
  });
  if (order[0] === 9 && order[1] === 0) throw new Error(`in the order ${order.join()}`);
}

async function failure(promise: Promise<unknown>): Promise<FailedScheduleError> {
  const error = await rejection(promise);
  expect(error).toBeInstanceOf(FailedScheduleError);
  return error as FailedScheduleError;
}

describe("exploreSchedules", () => {
  it("finds a check-then-act race in well under a second", async () => {
    const started = performance.now();
    const error = await failure(exploreSchedules(racy));
    expect(performance.now() - started).toBeLessThan(1000);
    expect(error.message).toContain("overbooked");
    expect(error.message).toContain(`runVirtual(body, { seed: ${error.seed} })`);
    expect((error.cause as Error).message).toBe("overbooked");
  });

  it("replays the failing seed exactly, and a passing one passes", async () => {
    const error = await failure(exploreSchedules(rare, { runs: 2000 }));
    expect(error.runs).toBeGreaterThan(1);
    const order = (error.cause as Error).message;
    for (let i = 0; i < 3; i++) {
      const replayed = await rejection(runVirtual(rare, { seed: error.seed }));
      expect(replayed.message).toBe(order);
      const again = await failure(exploreSchedules(rare, { seed: error.seed, runs: 1 }));
      expect((again.cause as Error).message).toBe(order);
    }
    for (let seed = 0; seed < error.seed; seed++) await runVirtual(rare, { seed });
  });

  it("is deterministic: finds the same seed each time", async () => {
    const seeds = [];
    for (let i = 0; i < 3; i++) seeds.push((await failure(exploreSchedules(rare, { runs: 2000 }))).seed);
    expect(new Set(seeds).size).toBe(1);
  });

  it("begins with the seed that it is given", async () => {
    const first = await failure(exploreSchedules(rare, { runs: 2000 }));
    const later = await failure(exploreSchedules(rare, { runs: 5000, seed: first.seed + 1 }));
    expect(later.seed).toBeGreaterThan(first.seed);
    expect(later.runs).toBe(later.seed - first.seed);
  });

  it("passes a program that holds in every order", async () => {
    let runs = 0;
    await exploreSchedules(
      async () => {
        runs++;
        let seats = 1;
        const book = async (): Promise<void> => {
          await checkpoint();
          if (seats > 0) seats--;
          await checkpoint();
        };
        await openNursery((nursery) => {
          for (let i = 0; i < 3; i++) nursery.startSoon(book);
        });
        expect(seats).toBe(0);
      },
      { runs: 25 },
    );
    expect(runs).toBe(25);
  });

  it("runs 100 orders unless told otherwise", async () => {
    let runs = 0;
    await exploreSchedules(() => runs++);
    expect(runs).toBe(100);
  });

  it("comes upon every order of a few tasks", async () => {
    const orders = new Set<string>();
    await exploreSchedules(
      async () => {
        const order: number[] = [];
        await openNursery((nursery) => {
          for (let i = 0; i < 4; i++) {
            nursery.startSoon(async () => {
              await checkpoint();
              order.push(i);
            });
          }
        });
        orders.add(order.join());
      },
      { runs: 500 },
    );
    expect(orders.size).toBe(24);
  });

  it("shuffles what falls due at the same time, and never what does not", async () => {
    const orders = new Set<string>();
    await exploreSchedules(async () => {
      const order: string[] = [];
      await openNursery((nursery) => {
        for (const [name, ms] of [
          ["a", 5],
          ["b", 5],
          ["c", 6],
        ] as const)
          nursery.startSoon(async () => {
            await sleep(ms);
            order.push(name);
          });
      });
      orders.add(order.join(""));
    });
    expect([...orders].sort()).toEqual(["abc", "bac"]);
  });

  it("tells a deadlock of one order with its seed", async () => {
    const error = await failure(
      exploreSchedules(async () => {
        let first: string | undefined;
        await openNursery((nursery) => {
          nursery.startSoon(async () => void (first ??= "a"));
          nursery.startSoon(async () => void (first ??= "b"));
        });
        if (first === "b") await sleepForever();
      }),
    );
    expect(error.cause).toBeInstanceOf(DeadlockError);
  });

  it("starts each run at the same virtual time", async () => {
    const times = new Set<number>();
    await exploreSchedules(
      async () => {
        times.add(currentTime());
        await sleep(5);
      },
      { runs: 5, startTime: 100 },
    );
    expect([...times]).toEqual([100]);
  });

  it("law 4: is a checkpoint, and ends between two runs when it is cancelled", async () => {
    let runs = 0;
    const finished = await moveOnAfter(20, async () => {
      await exploreSchedules(() => sleep(runs++), { runs: 1e6 });
      return true;
    });
    expect(finished).toBeUndefined();
    expect(runs).toBeGreaterThan(0);
    expect(await run(() => exploreSchedules(() => sleep(1), { runs: 2 }))).toBeUndefined();
  });

  it("rejects wrong arguments as what they are", async () => {
    expect(await rejection(exploreSchedules(Promise.resolve() as never))).toBeInstanceOf(TypeError);
    expect(await rejection(exploreSchedules(racy, { runs: 0 }))).toBeInstanceOf(RangeError);
    expect(await rejection(exploreSchedules(racy, { runs: 1.5 }))).toBeInstanceOf(RangeError);
    expect(await rejection(exploreSchedules(racy, { seed: NaN }))).toBeInstanceOf(RangeError);
    expect(await rejection(exploreSchedules(racy, { seed: "1" as never }))).toBeInstanceOf(TypeError);
    expect(await rejection(exploreSchedules(racy, { startTime: -1 }))).toBeInstanceOf(RangeError);
  });
});

import { describe, expect, it } from "vitest";

import { SteadyScheduler } from "../../src/steady-scheduler.ts";

/** Moves `count` times by `move`, one after the other, and says how many turns of the event loop that took. */
async function turnsFor(count: number, move: (scheduler: SteadyScheduler) => Promise<void>): Promise<number> {
  const scheduler = new SteadyScheduler();
  let turns = 0;
  let over = false;
  const countTurns = (): void => {
    if (over) return;
    turns++;
    setImmediate(countTurns);
  };
  countTurns();
  for (let i = 0; i < count; i++) await move(scheduler);
  over = true;
  return turns;
}

const passing = async (scheduler: SteadyScheduler): Promise<void> => scheduler.turn();
const resuming = (scheduler: SteadyScheduler): Promise<void> =>
  new Promise((resolve) => {
    scheduler.resume({ deliver: resolve });
  });

describe("SteadyScheduler", () => {
  it.each([
    ["turn", passing],
    ["resume", resuming],
  ])("lets the event loop have its turn every 1024 moves by %s, and not before", async (_name, move) => {
    expect(await turnsFor(1000, move)).toBe(1);
    const turns = await turnsFor(10_240, move);
    expect(turns).toBeGreaterThanOrEqual(10);
    expect(turns).toBeLessThan(25);
  });

  it("delivers at once while the turn lasts, and first come, first served past it", async () => {
    const scheduler = new SteadyScheduler();
    const order: number[] = [];
    for (let i = 0; i < 5000; i++) scheduler.resume({ deliver: () => order.push(i) });
    expect(order.length).toBe(1023);
    expect(scheduler.busy).toBe(true);
    while (scheduler.busy) await new Promise((resolve) => setImmediate(resolve));
    expect(order).toEqual(Array.from({ length: 5000 }, (_, i) => i));
    expect(scheduler.moves).toBe(5000);
  });
});

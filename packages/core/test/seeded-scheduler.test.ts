import { checkpoint, run, sleep } from "@espalier/core";
import { MockClock, randomFrom, runWith, SeededScheduler } from "@espalier/core/testing";
import { describe, expect, it } from "vitest";

import { spawn } from "./support/task.ts";

/** The order in which eight tasks of three steps each move under a seed. */
async function orderUnder(seed: number): Promise<string> {
  const order: string[] = [];
  await runWith(
    async () => {
      const tasks = Array.from({ length: 8 }, (_, task) =>
        spawn(async () => {
          for (let step = 0; step < 3; step++) {
            order.push(`${task}.${step}`);
            await (step === 1 ? sleep(task % 3) : checkpoint());
          }
        }),
      );
      for (const task of tasks) await task.join();
    },
    { scheduler: new SeededScheduler(seed), clock: new MockClock({ autojumpThresholdMs: 0 }) },
  );
  return order.join(" ");
}

describe("SeededScheduler", () => {
  it("same seed, same order", async () => {
    for (const seed of [0, 1, 42, 2 ** 31, -7]) expect(await orderUnder(seed)).toBe(await orderUnder(seed));
  });

  it("different seeds, different orders", async () => {
    const orders = new Set<string>();
    for (let seed = 0; seed < 20; seed++) orders.add(await orderUnder(seed));
    expect(orders.size).toBeGreaterThan(15);
  });

  it("keeps the order of each task's own steps", async () => {
    const order = (await orderUnder(3)).split(" ");
    for (let task = 0; task < 8; task++) {
      expect(order.filter((each) => each.startsWith(`${task}.`))).toEqual([
        `${task}.0`,
        `${task}.1`,
        `${task}.2`,
      ]);
    }
  });

  it("reaches orders in which the last comes first: nothing is excluded", async () => {
    const firsts = new Set<string>();
    for (let seed = 0; seed < 60; seed++) firsts.add((await orderUnder(seed)).split(" ")[0]!);
    expect(firsts.size).toBe(8);
  });

  it("is fair in the end: of two endless loops none starves, and timers get their turn", async () => {
    const counts = [0, 0];
    let over = false;
    await runWith(
      async () => {
        const tasks = counts.map((_, i) =>
          spawn(async () => {
            while (!over) {
              counts[i]!++;
              await checkpoint();
            }
          }),
        );
        while (Math.min(...counts) < 100) await new Promise((resolve) => setTimeout(resolve, 1));
        over = true;
        for (const task of tasks) await task.join();
      },
      { scheduler: new SeededScheduler(1) },
    );
    expect(Math.max(...counts)).toBeLessThan(20 * Math.min(...counts));
  });

  it("gives the value and the error of main as run does", async () => {
    const scheduler = new SeededScheduler(1);
    await expect(runWith(async () => "value", { scheduler })).resolves.toBe("value");
    const error = new Error("x");
    await expect(
      runWith(
        async () => {
          await checkpoint();
          throw error;
        },
        { scheduler },
      ),
    ).rejects.toBe(error);
  });

  it("leaves other runs alone", async () => {
    const inside: string[] = [];
    await Promise.all([
      runWith(
        async () => {
          await checkpoint();
          inside.push("seeded");
        },
        { scheduler: new SeededScheduler(1) },
      ),
      run(async () => {
        await checkpoint();
        inside.push("plain");
      }),
    ]);
    expect(inside.sort()).toEqual(["plain", "seeded"]);
  });
});

describe("randomFrom", () => {
  it("gives the same numbers for the same seed, from 0 up to 1", () => {
    const [a, b, c] = [randomFrom(5), randomFrom(5), randomFrom(6)];
    const numbers = Array.from({ length: 1000 }, () => a());
    expect(Array.from({ length: 1000 }, () => b())).toEqual(numbers);
    expect(Array.from({ length: 1000 }, () => c())).not.toEqual(numbers);
    expect(numbers.every((each) => each >= 0 && each < 1)).toBe(true);
    const mean = numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.05);
  });
});

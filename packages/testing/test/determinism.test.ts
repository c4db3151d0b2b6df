import { currentTime, sleep } from "@espalier/core";
import { openNursery } from "@espalier/nursery";
import { runVirtual, type RunVirtualOptions } from "@espalier/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { randomProgram } from "./support/random-program.ts";

/** Takes the machine for a real while, now and then. */
function hiccup(): void {
  if (Math.random() > 0.02) return;
  const until = performance.now() + Math.random() * 4;
  while (performance.now() < until);
}

/** Holds the event loop up all the time, until told to stop. */
function load(): () => void {
  let stopped = false;
  const burn = (): void => {
    if (stopped) return;
    const until = performance.now() + Math.random();
    while (performance.now() < until);
    (Math.random() < 0.5 ? setImmediate : setTimeout)(burn);
  };
  burn();
  return () => {
    stopped = true;
  };
}

const anySeed = fc.oneof(fc.constant(undefined), fc.integer());
const programSeed = fc.integer({ min: 1, max: 1e6 });

function withSeed(seed: number | undefined): RunVirtualOptions {
  return seed === undefined ? {} : { seed };
}

describe("runVirtual takes the same course each time", () => {
  it("whatever the program, with a seed and without", async () => {
    await fc.assert(
      fc.asyncProperty(programSeed, anySeed, async (program, seed) => {
        const trace = await runVirtual(() => randomProgram(program), withSeed(seed));
        expect(await runVirtual(() => randomProgram(program), withSeed(seed))).toEqual(trace);
      }),
      { numRuns: 60 },
    );
  });

  it("however slow and busy the machine", async () => {
    await fc.assert(
      fc.asyncProperty(programSeed, anySeed, async (program, seed) => {
        const trace = await runVirtual(() => randomProgram(program), withSeed(seed));
        const stop = load();
        try {
          expect(await runVirtual(() => randomProgram(program, hiccup), withSeed(seed))).toEqual(trace);
        } finally {
          stop();
        }
      }),
      { numRuns: 20 },
    );
  });

  it("beside other runs in the same process", async () => {
    const alone = [];
    for (const seed of [undefined, 1, 2])
      alone.push(await runVirtual(() => randomProgram(7), withSeed(seed)));
    const together = await Promise.all(
      [undefined, 1, 2].map((seed) => runVirtual(() => randomProgram(7), withSeed(seed))),
    );
    expect(together).toEqual(alone);
  });

  it("wherever the clock starts", async () => {
    const trace = await runVirtual(() => randomProgram(11), { seed: 3 });
    const later = await runVirtual(() => randomProgram(11), { seed: 3, startTime: 1000 });
    expect(later.map((line) => line.replace(/^\d+/, (time) => String(Number(time) - 1000)))).toEqual(trace);
  });

  it("also with very many sleeps at the same time", async () => {
    const body = async (): Promise<number[]> => {
      const order: number[] = [];
      await openNursery((nursery) => {
        for (let i = 0; i < 3000; i++)
          nursery.startSoon(async () => {
            await sleep(5);
            order.push(i);
            hiccup();
            await sleep(i % 2);
            order.push(-i);
          });
      });
      return order;
    };
    const [first, second] = [await runVirtual(body, { seed: 4 }), await runVirtual(body, { seed: 4 })];
    expect(second).toEqual(first);
    expect(await runVirtual(body)).toEqual(await runVirtual(body));
  });

  it("and another course with another seed", async () => {
    const traces = new Set<string>();
    for (let seed = 0; seed < 20; seed++)
      traces.add((await runVirtual(() => randomProgram(5), { seed })).join());
    expect(traces.size).toBeGreaterThan(15);
  });
});

describe("runVirtual without a seed", () => {
  it("wakes equal sleeps first come, first served", async () => {
    const order: string[] = [];
    await runVirtual(() =>
      openNursery((nursery) => {
        for (let i = 0; i < 2000; i++)
          nursery.startSoon(async () => {
            await sleep(5);
            order.push(`${i} at ${currentTime()}`);
          });
      }),
    );
    expect(order).toEqual(Array.from({ length: 2000 }, (_, i) => `${i} at 5`));
  });
});

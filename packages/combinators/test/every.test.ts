import { CancelScope, moveOnAfter } from "@espalier/cancel-scope";
import { every } from "@espalier/combinators";
import { Cancelled, checkpoint, currentTime, run, sleep } from "@espalier/core";
import { MockClock } from "@espalier/core/testing";
import { rejection } from "@espalier/test-support";
import fc from "fast-check";
import { describe, expect, expectTypeOf, it } from "vitest";
import { virtually } from "./support.ts";

/** When the calls were made until `end`, if they take so long each (the last one again and again). */
function callTimes(ms: number, durations: readonly number[], end: number, startTime = 0): Promise<number[]> {
  return virtually(async () => {
    await sleep(startTime);
    const times: number[] = [];
    await moveOnAfter(end, () =>
      every(ms, async () => {
        times.push(currentTime());
        await sleep(durations[Math.min(times.length, durations.length) - 1] ?? 0);
      }),
    );
    return times;
  });
}

describe("every", () => {
  it("makes the first call at once, and one at every multiple from then on", async () => {
    expect(await callTimes(10, [0], 35)).toEqual([0, 10, 20, 30]);
  });

  it("does not drift, however long the calls take", async () => {
    expect(await callTimes(10, [3, 9, 1], 45)).toEqual([0, 10, 20, 30, 40]);
  });

  it("does not overlap: what passes while a call runs is skipped", async () => {
    expect(await callTimes(10, [25, 0], 65)).toEqual([0, 30, 40, 50, 60]);
  });

  it("makes the call that is due the very moment the last one ends", async () => {
    expect(await callTimes(10, [10, 20, 0], 45)).toEqual([0, 10, 30, 40]);
  });

  it("keeps to fractions of milliseconds without losing a tick", async () => {
    for (const ms of [0.1, 0.3, 1.1, 1 / 3]) {
      const times = await callTimes(ms, [ms * 0.99, 0], ms * 50.5, 0.7);
      expect(times, `every ${ms}`).toHaveLength(51);
    }
  });

  it("calls a function that is sync", async () => {
    await virtually(async () => {
      let calls = 0;
      await moveOnAfter(25, () => every(10, () => calls++));
      expect(calls).toBe(3);
    });
  });

  it("calls again and again with 0, and lets others have their turn", async () => {
    let calls = 0;
    let turns = 0;
    const scope = new CancelScope();
    const repeating = scope.run(() => every(0, () => calls++));
    for (; turns < 100; turns++) await checkpoint();
    scope.cancel();
    await repeating;
    expect(calls).toBeGreaterThan(10);
  });

  it("calls once with Infinity", async () => {
    await virtually(async () => {
      let calls = 0;
      await moveOnAfter(1e6, () => every(Infinity, () => calls++));
      expect(calls).toBe(1);
    });
  });

  it("skips the ticks of a clock that has jumped", async () => {
    const clock = new MockClock();
    await run(
      async () => {
        const times: number[] = [];
        const scope = new CancelScope();
        const repeating = scope.run(() => every(10, () => times.push(currentTime())));
        await checkpoint();
        clock.jump(35);
        await checkpoint();
        await checkpoint();
        clock.jump(5);
        await checkpoint();
        await checkpoint();
        scope.cancel();
        await repeating;
        expect(times).toEqual([0, 35, 40]);
      },
      { clock },
    );
  });

  it("rejects with the error of a call, and calls no more", async () => {
    await virtually(async () => {
      let calls = 0;
      const raised = await rejection(
        every(10, () => {
          if (++calls === 3) throw new Error("third");
        }),
      );
      expect([raised, calls, currentTime()]).toEqual([new Error("third"), 3, 20]);
    });
  });

  it("is cancelled in the middle of a call, and waits for its cleanup", async () => {
    await virtually(async () => {
      const log: string[] = [];
      await moveOnAfter(15, () =>
        every(10, async () => {
          log.push("call");
          try {
            await sleep(8);
          } finally {
            log.push("end");
          }
        }),
      );
      expect(log).toEqual(["call", "end", "call", "end"]);
    });
  });

  it("calls nothing in a cancelled scope", async () => {
    const scope = new CancelScope();
    scope.cancel();
    let calls = 0;
    await scope.run(async () => {
      expect(await rejection(every(10, () => calls++))).toBeInstanceOf(Cancelled);
    });
    expect(calls).toBe(0);
  });

  it("makes no call more when it is cancelled within one", async () => {
    const scope = new CancelScope();
    let calls = 0;
    await scope.run(() =>
      every(0, () => {
        calls++;
        scope.cancel();
      }),
    );
    expect(calls).toBe(1);
  });

  it("refuses durations and functions that are none", async () => {
    expect(await rejection(every(-1, () => 1))).toBeInstanceOf(RangeError);
    expect(await rejection(every(NaN, () => 1))).toBeInstanceOf(RangeError);
    // @ts-expect-error wrong on purpose
    expect(await rejection(every("1", () => 1))).toBeInstanceOf(TypeError);
    // @ts-expect-error wrong on purpose
    await expect(every(1, Promise.resolve())).rejects.toThrow("you passed a promise; pass the function");
  });

  it("never returns", () => {
    expectTypeOf(every).returns.toEqualTypeOf<Promise<never>>();
  });

  it("calls at whole multiples only, never twice at one, and skips only what has passed", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 20 }),
        fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 8 }),
        async (ms, durations) => {
          const times = await callTimes(ms, durations, 300);
          const expected: number[] = [];
          for (let time = 0, call = 0; time < 300; call++) {
            expected.push(time);
            const ends = time + (durations[Math.min(call, durations.length - 1)] as number);
            time = Math.max(time + ms, Math.ceil(ends / ms) * ms);
          }
          expect(times).toEqual(expected);
        },
      ),
      { numRuns: 60 },
    );
  });
});

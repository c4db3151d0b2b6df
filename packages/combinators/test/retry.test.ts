import { CancelScope, failAfter, moveOnAfter, TooSlowError } from "@espalier/cancel-scope";
import { exponentialDelay, retry } from "@espalier/combinators";
import { Cancelled, checkpoint, currentTime, sleep, sleepForever } from "@espalier/core";
import type { NurseryError } from "@espalier/nursery";
import { rejection } from "@espalier/test-support";
import { afterEach, describe, expect, expectTypeOf, it, vi } from "vitest";
import { virtually } from "./support.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

/** Fails until its `succeedsAt`th attempt; notes when each began. */
function flaky(succeedsAt: number): {
  times: number[];
  attempts: number[];
  fn: (attempt: number) => Promise<string>;
} {
  const times: number[] = [];
  const attempts: number[] = [];
  return {
    times,
    attempts,
    fn: async (attempt) => {
      times.push(currentTime());
      attempts.push(attempt);
      if (attempt < succeedsAt) throw new Error(`attempt ${attempt}`);
      return `done at ${attempt}`;
    },
  };
}

describe("retry", () => {
  it("gives the value of the first attempt that succeeds, counting from 1", async () => {
    await virtually(async () => {
      const work = flaky(3);
      expect(await retry({ maxAttempts: 5, delayMs: 100 }, work.fn)).toBe("done at 3");
      expect(work.attempts).toEqual([1, 2, 3]);
      expect(work.times).toEqual([0, 100, 200]);
    });
  });

  it("raises the last error as itself when the attempts are used up, without another delay", async () => {
    await virtually(async () => {
      const errors: Error[] = [];
      const raised = await rejection(
        retry({ maxAttempts: 3, delayMs: 10 }, (attempt) => {
          errors.push(new Error(String(attempt)));
          throw errors.at(-1) as Error;
        }),
      );
      expect(raised).toBe(errors[2]);
      expect(currentTime()).toBe(20);
    });
  });

  it("makes one attempt when that is all it may", async () => {
    const work = flaky(2);
    expect(await rejection(retry({ maxAttempts: 1, delayMs: 10 }, work.fn))).toEqual(new Error("attempt 1"));
    expect(work.attempts).toEqual([1]);
  });

  it("goes on for ever with Infinity, and lets others have their turn without a delay", async () => {
    let attempts = 0;
    const scope = new CancelScope();
    const retrying = scope.run(() =>
      retry({ maxAttempts: Infinity, delayMs: 0 }, () => {
        attempts++;
        throw new Error("never");
      }),
    );
    while (attempts < 100) await checkpoint();
    scope.cancel();
    expect(await retrying).toBe(undefined);
  });

  it("tries again at once when no delay is given", async () => {
    await virtually(async () => {
      expect(await retry({ maxAttempts: 3 }, flaky(3).fn)).toBe("done at 3");
      expect(currentTime()).toBe(0);
    });
  });

  it("asks a function for each delay, with the number of the attempt that failed", async () => {
    await virtually(async () => {
      const work = flaky(4);
      await retry({ maxAttempts: 9, delayMs: (attempt) => attempt * 10 }, work.fn);
      expect(work.times).toEqual([0, 10, 30, 60]);
    });
  });

  it("takes sync functions", async () => {
    expect(await retry({ maxAttempts: 1, delayMs: 0 }, () => 5)).toBe(5);
  });

  it("stops when retryIf says no", async () => {
    await virtually(async () => {
      const asked: [unknown, number][] = [];
      const work = flaky(9);
      const raised = await rejection(
        retry(
          {
            maxAttempts: 9,
            delayMs: 10,
            retryIf: (error, attempt) => {
              asked.push([(error as Error).message, attempt]);
              return attempt < 2;
            },
          },
          work.fn,
        ),
      );
      expect(raised).toEqual(new Error("attempt 2"));
      expect(asked).toEqual([
        ["attempt 1", 1],
        ["attempt 2", 2],
      ]);
      expect(currentTime()).toBe(10);
    });
  });

  it("awaits a retryIf that is async: a promise is not a yes", async () => {
    const work = flaky(9);
    const options = { maxAttempts: 9, delayMs: 0, retryIf: async () => false };
    expect(await rejection(retry(options, work.fn))).toEqual(new Error("attempt 1"));
    expect(work.attempts).toEqual([1]);
  });

  it("does not ask retryIf about the last attempt", async () => {
    const retryIf = vi.fn(() => true);
    await rejection(retry({ maxAttempts: 2, delayMs: 0, retryIf }, flaky(9).fn));
    expect(retryIf).toHaveBeenCalledTimes(1);
  });

  it("raises both errors when retryIf or delayMs raises", async () => {
    const raise = (): never => {
      throw new Error("policy");
    };
    for (const options of [
      { maxAttempts: 5, delayMs: 0, retryIf: raise },
      { maxAttempts: 5, delayMs: raise },
    ]) {
      const raised = await rejection(retry(options, flaky(9).fn));
      expect((raised as NurseryError).errors).toEqual([new Error("attempt 1"), new Error("policy")]);
    }
  });

  it("says so when delayMs gives no duration, and keeps the error", async () => {
    const raised = await rejection(retry({ maxAttempts: 5, delayMs: () => NaN }, flaky(9).fn));
    expect(raised).toBeInstanceOf(RangeError);
    expect((raised as Error).cause).toEqual(new Error("attempt 1"));
    const text = await rejection(
      retry({ maxAttempts: 5, delayMs: (() => "10") as unknown as () => number }, flaky(9).fn),
    );
    expect(text).toBeInstanceOf(TypeError);
  });
});

describe("retry, with jitter", () => {
  it("leaves a share of the delay to chance", async () => {
    for (const [random, waited] of [
      [0, 100],
      [0.5, 87.5],
      [0.999, 75.025],
    ] as const) {
      vi.spyOn(Math, "random").mockReturnValue(random);
      await virtually(async () => {
        await retry({ maxAttempts: 2, delayMs: 100, jitter: 0.25 }, flaky(2).fn);
        expect(currentTime()).toBeCloseTo(waited, 6);
      });
    }
  });

  it("never waits longer than the delay, nor less than its sure share", async () => {
    await virtually(async () => {
      const work = flaky(200);
      await retry({ maxAttempts: 200, delayMs: 100, jitter: 0.5 }, work.fn);
      const waits = work.times.slice(1).map((time, i) => time - (work.times[i] as number));
      expect(Math.min(...waits)).toBeGreaterThanOrEqual(50 - 1e-6);
      expect(Math.max(...waits)).toBeLessThanOrEqual(100 + 1e-6);
      expect(new Set(waits).size).toBeGreaterThan(100);
    });
  });
});

describe("retry, near a deadline", () => {
  it("raises the last error at once if the next attempt could not begin in time", async () => {
    await virtually(async () => {
      const work = flaky(9);
      const raised = await rejection(failAfter(250, () => retry({ maxAttempts: 9, delayMs: 100 }, work.fn)));
      expect(raised).toEqual(new Error("attempt 3"));
      expect(work.times).toEqual([0, 100, 200]);
      expect(currentTime()).toBe(200);
    });
  });

  it("takes the deadline itself for too late", async () => {
    await virtually(async () => {
      const raised = await rejection(
        moveOnAfter(100, () => retry({ maxAttempts: 9, delayMs: 100 }, flaky(9).fn)),
      );
      expect(raised).toEqual(new Error("attempt 1"));
    });
  });

  it("sees the deadlines of all scopes around it, and none behind a shield", async () => {
    await virtually(async () => {
      const raised = await rejection(
        moveOnAfter(50, () => moveOnAfter(1000, () => retry({ maxAttempts: 9, delayMs: 100 }, flaky(9).fn))),
      );
      expect(raised).toEqual(new Error("attempt 1"));
      const value = await moveOnAfter(50, () =>
        moveOnAfter(1000, () => retry({ maxAttempts: 9, delayMs: 100 }, flaky(2).fn), { shield: true }),
      );
      expect(value).toBe("done at 2");
    });
  });

  it("is too slow, and not the last error, if the deadline passes in an attempt", async () => {
    await virtually(async () => {
      const raised = await rejection(
        failAfter(150, () =>
          retry({ maxAttempts: 9, delayMs: 100 }, async (attempt) => {
            if (attempt === 1) throw new Error("first");
            await sleepForever();
          }),
        ),
      );
      expect(raised).toBeInstanceOf(TooSlowError);
    });
  });

  it("does not wait for ever: an infinite delay is none", async () => {
    const raised = await rejection(retry({ maxAttempts: 3, delayMs: Infinity, jitter: 0.5 }, flaky(9).fn));
    expect(raised).toEqual(new Error("attempt 1"));
  });
});

describe("retry, cancelled", () => {
  it("never retries a cancellation", async () => {
    await virtually(async () => {
      let attempts = 0;
      const value = await moveOnAfter(10, () =>
        retry({ maxAttempts: 9, delayMs: 0 }, async () => {
          attempts++;
          await sleepForever();
        }),
      );
      expect([value, attempts]).toEqual([undefined, 1]);
    });
  });

  it("raises an error that comes in the place of the cancellation, and does not retry it", async () => {
    await virtually(async () => {
      let attempts = 0;
      const raised = await rejection(
        moveOnAfter(10, () =>
          retry({ maxAttempts: 9, delayMs: 0 }, async () => {
            attempts++;
            try {
              await sleepForever();
            } finally {
              throw new Error("cleanup");
            }
          }),
        ),
      );
      expect([raised, attempts]).toEqual([new Error("cleanup"), 1]);
    });
  });

  it("raises the cancellation, and not the last error, if it comes between two attempts", async () => {
    await virtually(async () => {
      const scope = new CancelScope();
      const retryIf = async (): Promise<boolean> => {
        scope.cancel();
        return true;
      };
      expect(await scope.run(() => retry({ maxAttempts: 9, delayMs: 10, retryIf }, flaky(9).fn))).toBe(
        undefined,
      );
    });
  });

  it("ends the delay", async () => {
    await virtually(async () => {
      const scope = new CancelScope();
      const retrying = scope.run(() => retry({ maxAttempts: 9, delayMs: 100 }, flaky(9).fn));
      await sleep(10);
      scope.cancel();
      expect(await retrying).toBe(undefined);
      expect(currentTime()).toBe(10);
    });
  });

  it("retries a time limit inside the attempt: that is an error like any other", async () => {
    await virtually(async () => {
      const value = await retry({ maxAttempts: 3, delayMs: 10 }, (attempt) =>
        failAfter(50, async () => {
          if (attempt < 3) await sleepForever();
          return attempt;
        }),
      );
      expect([value, currentTime()]).toEqual([3, 120]);
    });
  });

  it("gives a value that came in spite of a cancellation", async () => {
    const scope = new CancelScope();
    const value = await scope.run(() =>
      retry({ maxAttempts: 3, delayMs: 10 }, () => {
        scope.cancel();
        return "kept";
      }),
    );
    expect(value).toBe("kept");
  });

  it("makes no attempt in a cancelled scope", async () => {
    const scope = new CancelScope();
    scope.cancel();
    let attempts = 0;
    await scope.run(async () => {
      expect(await rejection(retry({ maxAttempts: 3, delayMs: 0 }, () => attempts++))).toBeInstanceOf(
        Cancelled,
      );
    });
    expect(attempts).toBe(0);
  });
});

describe("retry, misused", () => {
  it("wants attempts, delays and shares that make sense", async () => {
    const wrong: [object, new () => Error][] = [
      [{ maxAttempts: 0, delayMs: 1 }, RangeError],
      [{ maxAttempts: 1.5, delayMs: 1 }, RangeError],
      [{ maxAttempts: NaN, delayMs: 1 }, RangeError],
      [{ maxAttempts: "3", delayMs: 1 }, TypeError],
      [{ delayMs: 1 }, TypeError],
      [{ maxAttempts: 3, delayMs: -1 }, RangeError],
      [{ maxAttempts: 3, delayMs: NaN }, RangeError],
      [{ maxAttempts: 3, delayMs: "1" }, TypeError],
      [{ maxAttempts: 3, delayMs: 1, jitter: 1.1 }, RangeError],
      [{ maxAttempts: 3, delayMs: 1, jitter: -0.1 }, RangeError],
      [{ maxAttempts: 3, delayMs: 1, jitter: NaN }, RangeError],
      [{ maxAttempts: 3, delayMs: 1, jitter: true }, TypeError],
      [{ maxAttempts: 3, delayMs: 1, retryIf: true }, TypeError],
    ];
    let attempts = 0;
    for (const [options, type] of wrong) {
      const raised = await rejection(retry(options as Parameters<typeof retry>[0], () => attempts++));
      expect(raised, `options ${JSON.stringify(options)}`).toBeInstanceOf(type);
    }
    expect(attempts).toBe(0);
  });

  it("wants the options first, then a function", async () => {
    // @ts-expect-error wrong on purpose
    await expect(retry(() => 1)).rejects.toThrow("retry needs its options first");
    // @ts-expect-error wrong on purpose
    await expect(retry({ maxAttempts: 1, delayMs: 0 }, Promise.resolve(1))).rejects.toThrow(
      "retry: you passed a promise; pass the function, not its result",
    );
  });

  it("has the type of the function's value", async () => {
    expectTypeOf(await retry({ maxAttempts: 1, delayMs: 0 }, async () => 1)).toEqualTypeOf<number>();
    expectTypeOf(await retry({ maxAttempts: 1, delayMs: 0 }, () => "a" as const)).toEqualTypeOf<"a">();
  });
});

describe("exponentialDelay", () => {
  it("doubles by default, up to the longest delay", () => {
    expect([1, 2, 3, 4, 5].map(exponentialDelay({ baseMs: 100, maxMs: 1000 }))).toEqual([
      100, 200, 400, 800, 1000,
    ]);
  });

  it("grows by the factor that it is given", () => {
    expect([1, 2, 3].map(exponentialDelay({ baseMs: 1, factor: 10 }))).toEqual([1, 10, 100]);
    expect([1, 2, 3].map(exponentialDelay({ baseMs: 7, factor: 1 }))).toEqual([7, 7, 7]);
  });

  it("stays a duration however often one tries", () => {
    expect(exponentialDelay({ baseMs: 100, maxMs: 5000 })(1e6)).toBe(5000);
    expect(exponentialDelay({ baseMs: 0 })(1e6)).toBe(0);
    expect(exponentialDelay({ baseMs: 1 })(1e6)).toBe(Infinity);
  });

  it("gives the delays of a retry", async () => {
    await virtually(async () => {
      const work = flaky(5);
      await retry({ maxAttempts: 5, delayMs: exponentialDelay({ baseMs: 10, maxMs: 40 }) }, work.fn);
      expect(work.times).toEqual([0, 10, 30, 70, 110]);
    });
  });

  it("refuses what cannot be", () => {
    expect(() => exponentialDelay({ baseMs: -1 })).toThrow(RangeError);
    expect(() => exponentialDelay({ baseMs: 1, maxMs: NaN })).toThrow(RangeError);
    expect(() => exponentialDelay({ baseMs: 1, factor: 0.5 })).toThrow(RangeError);
    expect(() => exponentialDelay({ baseMs: 1, factor: Infinity })).toThrow(RangeError);
    // @ts-expect-error wrong on purpose
    expect(() => exponentialDelay({ baseMs: 1, factor: "2" })).toThrow(TypeError);
    // @ts-expect-error wrong on purpose
    expect(() => exponentialDelay(100)).toThrow("exponentialDelay needs options");
    // @ts-expect-error wrong on purpose
    expect(() => exponentialDelay({})).toThrow(TypeError);
  });
});

import {
  Cancelled,
  checkpoint,
  checkpointIfCancelled,
  currentEffectiveDeadline,
  currentTime,
  run,
  sleep,
  sleepForever,
  sleepUntil,
} from "@espalier/core";
import { currentStatus, runIn, setDeadline, shieldedCheckpoint } from "@espalier/core/lowlevel";
import { MockClock, waitAllTasksBlocked } from "@espalier/core/testing";
import { rejection } from "@espalier/test-support";
import { describe, expect, expectTypeOf, it, vi } from "vitest";

import { cancel, inCancelledScope, open, scope } from "./support/scope.ts";
import { timers, timersBackTo } from "./support/timers.ts";

/** Runs `body` on a clock that jumps to the next deadline when all tasks wait. */
function virtually<T>(body: () => Promise<T>): Promise<T> {
  return run(body, { clock: new MockClock({ autojumpThresholdMs: 0 }) });
}

/** Wrong arguments, and what is said about them. */
interface Misuse {
  readonly call: string;
  readonly make: () => Promise<unknown>;
  readonly type: typeof TypeError | typeof RangeError;
  readonly says: string;
}

const calendar = 1.7e12;
const misuses: readonly Misuse[] = [
  ...[
    [NaN, RangeError, "sleep needs a duration of 0 ms or more, not NaN."],
    [-1, RangeError, "sleep needs a duration of 0 ms or more, not -1."],
    [-Infinity, RangeError, "sleep needs a duration of 0 ms or more, not -Infinity."],
    ["5", TypeError, "sleep needs a number of milliseconds, not a string."],
    [5n, TypeError, "sleep needs a number of milliseconds, not a bigint."],
    [undefined, TypeError, "sleep needs a number of milliseconds, not undefined."],
    [null, TypeError, "sleep needs a number of milliseconds, not null."],
    [{}, TypeError, "sleep needs a number of milliseconds, not an object."],
    [[5], TypeError, "sleep needs a number of milliseconds, not an array."],
  ].map(([value, type, says]) => misuse("sleep", sleep, value, type, says)),
  ...[
    [NaN, RangeError, "sleepUntil needs a time, not NaN."],
    ["5", TypeError, "sleepUntil needs a time in milliseconds, not a string."],
    [new Date(0), TypeError, "sleepUntil needs a time in milliseconds, not an object."],
    [undefined, TypeError, "sleepUntil needs a time in milliseconds, not undefined."],
    [
      calendar,
      RangeError,
      `sleepUntil: ${calendar} looks like Date.now(); times here are on the clock of the run: use currentTime() + milliseconds.`,
    ],
    [Date.now() + 500, RangeError, "looks like Date.now()"],
  ].map(([value, type, says]) => misuse("sleepUntil", sleepUntil, value, type, says)),
  ...[
    [NaN, RangeError, "waitAllTasksBlocked needs a duration of 0 ms or more, not NaN."],
    [-1, RangeError, "waitAllTasksBlocked needs a duration of 0 ms or more, not -1."],
    ["5", TypeError, "waitAllTasksBlocked needs a number of milliseconds, not a string."],
  ].map(([value, type, says]) => misuse("waitAllTasksBlocked", waitAllTasksBlocked, value, type, says)),
];

function misuse(
  name: string,
  call: (value: never) => Promise<unknown>,
  value: unknown,
  type: unknown,
  says: unknown,
): Misuse {
  return {
    call: `${name}(${typeof value === "string" ? `"${value}"` : Array.isArray(value) ? "[]" : String(value)})`,
    make: () => call(value as never),
    type: type as Misuse["type"],
    says: says as string,
  };
}

describe("wrong arguments", () => {
  it.each(misuses)("laws 4 and 13: $call rejects with $says", async ({ make, type, says }) => {
    let promise!: Promise<unknown>;
    expect(() => (promise = make())).not.toThrow(); // never synchronously
    const error = await rejection(promise);
    expect(error).toBeInstanceOf(type);
    expect((error as Error).message).toContain(says);
  });

  it.each(misuses)("law 13: $call is told in a cancelled scope too", async ({ make, type }) => {
    const error = await inCancelledScope(() => rejection(make()));
    expect(error).toBeInstanceOf(type);
  });

  it("a calendar time is fine on a clock that is as old as the calendar", async () => {
    const started = Date.now();
    await run(() => sleepUntil(started), {
      clock: { now: () => Date.now(), delayUntil: (time) => time - Date.now() },
    });
  });
});

describe("every exported async function is a checkpoint", () => {
  const waits: readonly [string, () => Promise<unknown>][] = [
    ["checkpoint()", () => checkpoint()],
    ["checkpointIfCancelled()", () => checkpointIfCancelled()],
    ["sleep(0)", () => sleep(0)],
    ["sleep(60_000)", () => sleep(60_000)],
    ["sleep(Infinity)", () => sleep(Infinity)],
    ["sleepUntil(-Infinity)", () => sleepUntil(-Infinity)],
    ["sleepUntil(0)", () => sleepUntil(0)],
    ["sleepUntil(later)", () => sleepUntil(currentTime() + 60_000)],
    ["sleepUntil(Infinity)", () => sleepUntil(Infinity)],
    ["sleepForever()", () => sleepForever()],
    ["waitAllTasksBlocked()", () => waitAllTasksBlocked()],
  ];

  it.each(waits)("law 4: %s in a cancelled scope raises and does nothing", async (_name, wait) => {
    await inCancelledScope(async () => {
      for (let i = 0; i < 2; i++) expect(await rejection(wait())).toBeInstanceOf(Cancelled);
    });
  });

  it.each(waits.slice(3))(
    "law 5: %s is over at once when it is cancelled while it waits",
    async (_name, wait) => {
      const before = timers();
      const status = open();
      const raised = rejection(runIn(status, wait));
      cancel(status);
      // those that need not wait have passed already
      const outcome = await raised.catch(() => "passed");
      expect(outcome === "passed" || outcome instanceof Cancelled).toBe(true);
      await timersBackTo(before);
    },
  );

  it("law 4: sync functions never are", async () => {
    await inCancelledScope(() => {
      expect(currentTime()).toBeTypeOf("number");
      expect(currentEffectiveDeadline()).toBe(-Infinity);
    });
  });
});

describe("sleep", () => {
  it("waits so many milliseconds on the run's clock", async () => {
    await virtually(async () => {
      const start = currentTime();
      await sleep(1234.5);
      expect(currentTime() - start).toBe(1234.5);
    });
  });

  it("sleep(0) is a checkpoint and takes no time", async () => {
    await virtually(async () => {
      await sleep(0);
      expect(currentTime()).toBe(0);
    });
  });

  it("-0 is 0", async () => {
    await expect(sleep(-0)).resolves.toBeUndefined();
  });

  it("wakes in order of time, equal times first come, first served", async () => {
    const order = await virtually(async () => {
      const log: string[] = [];
      await Promise.all(
        [30, 10, 20, 10, 30].map(async (ms, i) => {
          await sleep(ms);
          log.push(`${ms}/${i}`);
        }),
      );
      return log;
    });
    expect(order).toEqual(["10/1", "10/3", "20/2", "30/0", "30/4"]);
  });

  it("a million years are an ordinary sleep", async () => {
    await virtually(async () => {
      const ms = 1e6 * 365 * 86_400_000;
      await sleep(ms);
      expect(currentTime()).toBe(ms);
    });
  });

  it("works on real time, and does not wake early", async () => {
    const end = currentTime() + 15;
    await sleep(15);
    expect(currentTime()).toBeGreaterThanOrEqual(end);
  });

  it("sleep(Infinity) waits until it is cancelled", async () => {
    const value = await scope(async (status) => {
      setImmediate(() => cancel(status));
      await sleep(Infinity);
      return "woken";
    });
    expect(value).toBeUndefined();
  });

  it("types", () => {
    expectTypeOf(sleep).returns.toEqualTypeOf<Promise<void>>();
    expectTypeOf(sleepForever).returns.toEqualTypeOf<Promise<never>>();
  });
});

describe("sleepUntil", () => {
  it("waits until the clock shows the time", async () => {
    await virtually(async () => {
      await sleep(10);
      await sleepUntil(70.25);
      expect(currentTime()).toBe(70.25);
    });
  });

  it("needs no timer when the time has passed", async () => {
    const set = vi.spyOn(globalThis, "setTimeout");
    for (const time of [currentTime() - 1, 0, -Infinity]) await sleepUntil(time);
    expect(set).not.toHaveBeenCalled();
    set.mockRestore();
  });

  it("is a checkpoint when the time has passed", async () => {
    await virtually(async () => {
      await sleep(10);
      for (const time of [10, 5, -100, -Infinity]) await sleepUntil(time);
      expect(currentTime()).toBe(10);
    });
  });
});

describe("checkpoint", () => {
  it("gives nothing and takes no time", async () => {
    await virtually(async () => {
      expect(await checkpoint()).toBeUndefined();
      expect(currentTime()).toBe(0);
    });
  });

  it("law 1: raises again and again in one and the same scope", async () => {
    await scope(async (status) => {
      await checkpoint();
      cancel(status);
      for (let i = 0; i < 5; i++) expect(await rejection(checkpoint())).toBeInstanceOf(Cancelled);
    });
  });
});

describe("checkpointIfCancelled", () => {
  it("does nothing in an open scope", async () => {
    await expect(checkpointIfCancelled()).resolves.toBeUndefined();
  });
});

describe("shieldedCheckpoint", () => {
  it("is never cancelled", async () => {
    await inCancelledScope(async () => {
      await expect(shieldedCheckpoint()).resolves.toBeUndefined();
    });
  });
});

describe("currentTime", () => {
  it("never runs backwards, and is not a date", async () => {
    let last = currentTime();
    for (let i = 0; i < 1000; i++) {
      const now = currentTime();
      expect(now).toBeGreaterThanOrEqual(last);
      last = now;
    }
    expect(last).toBeLessThan(1e12);
  });

  it("is the time of the run that the code belongs to", async () => {
    const outside = currentTime();
    await virtually(async () => {
      expect(currentTime()).toBe(0);
      await sleep(5);
      expect(currentTime()).toBe(5);
    });
    expect(currentTime()).toBeGreaterThanOrEqual(outside);
  });
});

describe("currentEffectiveDeadline", () => {
  it("is Infinity where there is none", () => {
    expect(currentEffectiveDeadline()).toBe(Infinity);
  });

  it("is the earliest of the scopes around", async () => {
    const start = currentTime();
    await scope(
      async () => {
        await scope(() => expect(currentEffectiveDeadline()).toBe(start + 50_000), {
          deadline: start + 90_000,
        });
        await scope(() => expect(currentEffectiveDeadline()).toBe(start + 20_000), {
          deadline: start + 20_000,
        });
        await scope(() => expect(currentEffectiveDeadline()).toBe(start + 50_000));
      },
      { deadline: start + 50_000 },
    );
  });

  it("does not see past a shield", async () => {
    const start = currentTime();
    await scope(
      async () => {
        await scope(() => expect(currentEffectiveDeadline()).toBe(Infinity), { shield: true });
        await scope(() => expect(currentEffectiveDeadline()).toBe(start + 90_000), {
          shield: true,
          deadline: start + 90_000,
        });
      },
      { deadline: start + 50_000 },
    );
  });

  it("is -Infinity in a cancelled scope, and not behind a shield in it", async () => {
    await scope(async (status) => {
      cancel(status);
      expect(currentEffectiveDeadline()).toBe(-Infinity);
      await scope(() => expect(currentEffectiveDeadline()).toBe(Infinity), { shield: true });
    });
  });

  it("is -Infinity once the deadline has passed", async () => {
    await virtually(async () => {
      await scope(
        async () => {
          await rejection(sleep(10));
          expect(currentEffectiveDeadline()).toBe(-Infinity);
        },
        { deadline: 5 },
      );
    });
  });
});

describe("setDeadline", () => {
  it("cancels when the time has come, with the deadline as its reason", async () => {
    await virtually(async () => {
      const error = (await rejection(
        scope(
          async () => {
            throw await rejection(sleep(100)).then((raised) => new Error("carried out", { cause: raised }));
          },
          { deadline: 30, name: "limit" },
        ),
      )) as Error;
      expect((error.cause as Cancelled).reason).toEqual({ source: "deadline", scope: "limit" });
      expect(currentTime()).toBe(30);
    });
  });

  it("acts at once when the time has passed: the first checkpoint raises", async () => {
    await virtually(async () => {
      await sleep(10);
      const reached: string[] = [];
      for (const deadline of [10, 3, -Infinity]) {
        await scope(
          async () => {
            reached.push("entered");
            await checkpoint();
            reached.push("past the checkpoint");
          },
          { deadline },
        );
      }
      expect(reached).toEqual(["entered", "entered", "entered"]);
    });
  });

  it("can be moved, earlier and later, and taken away", async () => {
    await virtually(async () => {
      await scope(async (status) => {
        setDeadline(status, 100);
        setDeadline(status, 20);
        expect(currentEffectiveDeadline()).toBe(20);
        setDeadline(status, 60);
        await sleepUntil(50);
        setDeadline(status, Infinity);
        await sleepUntil(500);
      });
      expect(currentTime()).toBe(500);
      await scope(async (status) => {
        setDeadline(status, 10_000);
        setDeadline(status, 550);
        await sleepForever();
      });
      expect(currentTime()).toBe(550);
    });
  });

  it("does nothing to a scope that was left or cancelled, and leaves no timer for it", async () => {
    const { deadlines } = currentStatus().runtime;
    const before = deadlines.size;
    const left = open();
    left.close();
    setDeadline(left, -Infinity);
    setDeadline(left, currentTime() + 3_600_000);
    const cancelled = open();
    cancel(cancelled, "first");
    setDeadline(cancelled, -Infinity);
    setDeadline(cancelled, currentTime() + 3_600_000);
    expect(await rejection(runIn(cancelled, checkpoint))).toMatchObject({ reason: { reason: "first" } });
    expect(deadlines.size).toBe(before);
    cancelled.close();
  });

  it("law 7: a deadline that passes after the scope was left cancels nothing", async () => {
    await virtually(async () => {
      await scope(() => undefined, { deadline: 10 });
      await sleep(50);
      expect(currentStatus().wasCancelled).toBe(false);
    });
  });
});

import { type CancelScope, moveOnAfter, moveOnAt } from "@espalier/cancel-scope";
import { checkpoint, currentTime, sleep, sleepForever, taskTree } from "@espalier/core";
import { expectError, rejection } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

import { virtually } from "./support/virtual.ts";

const never = (): Promise<never> => sleepForever();

describe.each([
  ["moveOnAfter", (ms: number, body: () => unknown, options?: object) => moveOnAfter(ms, body, options)],
  [
    "moveOnAt",
    (ms: number, body: () => unknown, options?: object) => moveOnAt(currentTime() + ms, body, options),
  ],
] as const)("%s", (name, moveOn) => {
  it("gives the value of a body that is done in time", () =>
    virtually(async () => {
      expect(await moveOn(100, () => sleep(99).then(() => "value"))).toBe("value");
      expect(currentTime()).toBe(99);
    }));

  it("gives undefined when time runs out, after the body was unwound", () =>
    virtually(async () => {
      const steps: string[] = [];
      const value = await moveOn(100, async () => {
        try {
          await sleep(1000);
        } finally {
          steps.push(`unwound at ${currentTime()}`);
        }
      });
      expect(value).toBeUndefined();
      expect(steps).toEqual(["unwound at 100"]);
    }));

  it("0 cancels at the first checkpoint, Infinity never", () =>
    virtually(async () => {
      const steps: string[] = [];
      await moveOn(0, async () => {
        steps.push("begun");
        await checkpoint();
        steps.push("never");
      });
      expect(steps).toEqual(["begun"]);
      expect(await moveOn(0, () => "no checkpoint in it")).toBe("no checkpoint in it");
      expect(await moveOn(Infinity, () => sleep(1e9).then(() => "value"))).toBe("value");
    }));

  it("passes on errors of the body", async () => {
    const error = new Error("body");
    expect(
      await rejection(
        moveOn(1e6, () => {
          throw error;
        }),
      ),
    ).toBe(error);
    expect(await rejection(moveOn(1e6, () => Promise.reject(error)))).toBe(error);
  });

  it("a value that came although time had run out counts", () =>
    virtually(async () => {
      expect(
        await moveOn(10, async () => {
          await rejection(sleepForever());
          return "late, but there";
        }),
      ).toBe("late, but there");
    }));

  it("lets an outer cancellation pass", () =>
    virtually(async () => {
      let passed = false;
      await moveOnAfter(10, async () => {
        await moveOn(1000, never);
        passed = true;
      });
      expect(passed).toBe(false);
      expect(currentTime()).toBe(10);
    }));

  it("shielded, its own time is all that ends it", () =>
    virtually(async () => {
      const steps: number[] = [];
      await moveOnAfter(10, async () => {
        await moveOn(50, never, { shield: true });
        steps.push(currentTime());
        await checkpoint();
        steps.push(-1);
      });
      expect(steps).toEqual([50]);
    }));

  it("hands its scope to the body", () =>
    virtually(async () => {
      await moveOn(10, ((scope: CancelScope) => {
        expect(scope.deadline).toBe(10);
        scope.deadline = 70;
        return never();
      }) as () => unknown);
      expect(currentTime()).toBe(70);
    }));

  it("is named in the task tree as it is told, else after its body, else after itself", async () => {
    const names = (): string => JSON.stringify(taskTree());
    await moveOn(1e6, () => {
      expect(names()).toContain(`"name":"${name}"`);
    });
    await moveOn(1e6, function upload() {
      expect(names()).toContain(`"name":"upload"`);
    });
    await moveOn(
      1e6,
      function upload() {
        expect(names()).toContain(`"name":"download"`);
      },
      { name: "download" },
    );
  });

  it("refuses what is no body (law 13)", async () => {
    const promise = checkpoint() as unknown as () => unknown;
    expectError(await rejection(moveOn(5, promise)), TypeError, new RegExp(`^${name}: you passed a promise`));
    expectError(await rejection(moveOn(5, undefined!)), TypeError, /needs a function, not undefined/);
  });
});

describe("moveOnAfter", () => {
  it.each([
    [-1, RangeError, /^moveOnAfter needs a duration of 0 ms or more, not -1/],
    [NaN, RangeError, /not NaN/],
    ["5", TypeError, /not a string/],
    [undefined, TypeError, /not undefined/],
  ])("refuses %s milliseconds and does not begin (law 13)", async (ms, type, message) => {
    let begun = false;
    expectError(await rejection(moveOnAfter(ms as number, () => (begun = true))), type, message);
    expect(begun).toBe(false);
  });

  it("refuses options that are no object, and a name that is no string (law 13)", async () => {
    const named = moveOnAfter(5, () => 1, "limit" as never);
    expectError(await rejection(named), TypeError, /^moveOnAfter takes its options as an object/);
    const wrong = moveOnAfter(5, () => 1, { name: 5 as never });
    expectError(await rejection(wrong), TypeError, /^moveOnAfter\.name needs a string, not a number/);
  });
});

describe("moveOnAt", () => {
  it("a time that has passed cancels at the first checkpoint", () =>
    virtually(async () => {
      await sleep(100);
      for (const time of [-Infinity, -5, 0, 100])
        expect(await moveOnAt(time, () => checkpoint().then(() => "value"))).toBeUndefined();
    }));

  it.each([
    [NaN, /not NaN/],
    [Date.now() + 500, /^moveOnAt: .* looks like Date\.now\(\)/],
  ])("refuses %d (law 13)", async (time, message) => {
    expectError(await rejection(moveOnAt(time, () => 1)), RangeError, message);
  });
});

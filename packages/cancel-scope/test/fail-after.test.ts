import {
  CancelScope,
  failAfter,
  failAt,
  moveOnAfter,
  type TimeLimit,
  TooSlowError,
} from "@espalier/cancel-scope";
import { Cancelled, checkpoint, currentTime, sleep, sleepForever, taskTree } from "@espalier/core";
import { expectError, rejection } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

import { virtually } from "./support/virtual.ts";

type LimitedBody = (limit: TimeLimit) => unknown;

describe.each([
  ["failAfter", (ms: number, body: LimitedBody, options?: object) => failAfter(ms, body, options)],
  ["failAt", (ms: number, body: LimitedBody, options?: object) => failAt(currentTime() + ms, body, options)],
] as const)("%s", (name, fail) => {
  it("gives the value of a body that is done in time", () =>
    virtually(async () => {
      expect(await fail(100, () => sleep(99).then(() => "value"))).toBe("value");
      expect(await fail(100, () => undefined)).toBeUndefined();
    }));

  it("raises TooSlowError when the deadline ended the body, after it was unwound", () =>
    virtually(async () => {
      let unwoundAt = 0;
      const error = await rejection(
        fail(100, async () => {
          try {
            await sleepForever();
          } finally {
            unwoundAt = currentTime();
          }
        }),
      );
      expectError(error, TooSlowError, new RegExp(`^"${name}" was not done in time`));
      expect((error as Error).name).toBe("TooSlowError");
      expect(unwoundAt).toBe(100);
    }));

  it("0 is a limit like any other", () =>
    virtually(async () => {
      expect(await rejection(fail(0, () => checkpoint()))).toBeInstanceOf(TooSlowError);
      expect(await fail(0, () => "no checkpoint in it")).toBe("no checkpoint in it");
    }));

  it("an error of the body wins, before the deadline and after it", () =>
    virtually(async () => {
      const error = new Error("body");
      expect(await rejection(fail(100, () => Promise.reject(error)))).toBe(error);
      expect(
        await rejection(
          fail(100, async () => {
            try {
              await sleepForever();
            } catch {
              throw error;
            }
          }),
        ),
      ).toBe(error);
    }));

  it("a value that came although the deadline passed counts", () =>
    virtually(async () => {
      expect(
        await fail(10, async () => {
          await rejection(sleepForever());
          return "late, but there";
        }),
      ).toBe("late, but there");
    }));

  it("lets an outer cancellation pass, and raises no TooSlowError for it", () =>
    virtually(async () => {
      const outer = new CancelScope({ timeout: 10 });
      let raised: unknown;
      await outer.run(async () => {
        raised = await rejection(fail(1000, () => sleepForever()));
        await checkpoint();
      });
      expect(raised).toBeInstanceOf(Cancelled);
      expect(outer.cancelledCaught).toBe(true);
    }));

  it("when both have passed, the outer cancellation wins", () =>
    virtually(async () => {
      const outer = new CancelScope({ timeout: 10 });
      let raised: unknown;
      await outer.run(async () => {
        raised = await rejection(
          fail(5, async () => {
            await new CancelScope({ shield: true }).run(() => sleep(50));
            await checkpoint();
          }),
        );
        throw raised;
      });
      expect(raised).toBeInstanceOf(Cancelled);
      expect(outer.cancelledCaught).toBe(true);
    }));

  it("the limit's deadline can be read and moved", () =>
    virtually(async () => {
      await rejection(
        fail(100, (limit) => {
          expect(limit.deadline).toBe(100);
          limit.deadline += 50;
          expect(limit.deadline).toBe(150);
          return sleepForever();
        }),
      );
      expect(currentTime()).toBe(150);
      expect(
        await fail(100, async (limit) => {
          limit.deadline = Infinity;
          await sleep(1e6);
          return "as long as it takes";
        }),
      ).toBe("as long as it takes");
      expect(await rejection(fail(100, (limit) => ((limit.deadline = -1), checkpoint())))).toBeInstanceOf(
        TooSlowError,
      );
    }));

  it("the limit cannot be cancelled, and its signal tells when time is up", () =>
    virtually(async () => {
      let signal: AbortSignal | undefined;
      await rejection(
        fail(10, (limit) => {
          expect(limit).not.toHaveProperty("cancel");
          expect(limit).not.toBeInstanceOf(CancelScope);
          expect(Object.keys(limit)).toEqual([]);
          signal = limit.signal;
          return sleepForever();
        }),
      );
      expect(signal?.reason).toMatchObject({ reason: { source: "deadline" } });
    }));

  it("a scope inside that is cancelled is not the limit's doing", () =>
    virtually(async () => {
      const value = await fail(100, async () => {
        await moveOnAfter(10, () => sleepForever());
        const scope = new CancelScope();
        scope.cancel();
        await scope.run(() => checkpoint());
        return "value";
      });
      expect(value).toBe("value");
    }));

  it("nested, the one whose time is up raises; the outer one sees an error like any other", () =>
    virtually(async () => {
      const inner = await rejection(
        fail(100, () => fail(10, () => sleepForever(), { name: "inner" }), { name: "outer" }),
      );
      expectError(inner, TooSlowError, /^"inner"/);
      const outer = await rejection(
        fail(10, () => fail(100, () => sleepForever(), { name: "inner" }), { name: "outer" }),
      );
      expectError(outer, TooSlowError, /^"outer"/);
      expect(currentTime()).toBe(20);
    }));

  it("shielded, its own time is all that ends it", () =>
    virtually(async () => {
      let raised: unknown;
      await moveOnAfter(10, async () => {
        raised = await rejection(fail(50, () => sleepForever(), { shield: true }));
        expect(currentTime()).toBe(50);
      });
      expect(raised).toBeInstanceOf(TooSlowError);
    }));

  it("is named in the task tree and in the error", async () => {
    const error = await rejection(
      fail(
        1,
        () => {
          expect(JSON.stringify(taskTree())).toContain(`"name":"download"`);
          return sleepForever();
        },
        { name: "download" },
      ),
    );
    expectError(error, TooSlowError, /^"download"/);
  });

  it("refuses what is no body (law 13)", async () => {
    const promise = checkpoint() as unknown as LimitedBody;
    expectError(await rejection(fail(5, promise)), TypeError, new RegExp(`^${name}: you passed a promise`));
  });
});

describe("failAfter", () => {
  it.each([
    [-1, RangeError, /^failAfter needs a duration of 0 ms or more, not -1/],
    [NaN, RangeError, /not NaN/],
    [null, TypeError, /not null/],
  ])("refuses %s milliseconds and does not begin (law 13)", async (ms, type, message) => {
    let begun = false;
    expectError(await rejection(failAfter(ms as number, () => (begun = true))), type, message);
    expect(begun).toBe(false);
  });
});

describe("failAt", () => {
  it("a time that has passed fails at the first checkpoint", () =>
    virtually(async () => {
      expect(await rejection(failAt(-5, () => checkpoint()))).toBeInstanceOf(TooSlowError);
    }));

  it.each([
    [NaN, /not NaN/],
    [Date.now(), /^failAt: .* looks like Date\.now\(\)/],
  ])("refuses %d (law 13)", async (time, message) => {
    expectError(await rejection(failAt(time, () => 1)), RangeError, message);
  });
});

describe("TooSlowError", () => {
  it("is recognised across installed copies, by its brand (law 12)", () => {
    class OtherCopy extends Error {
      static readonly brand = "espalier.TooSlowError";
    }
    expect(new OtherCopy()).toBeInstanceOf(TooSlowError);
    expect(new Error("x")).not.toBeInstanceOf(TooSlowError);
    expect(undefined).not.toBeInstanceOf(TooSlowError);
  });

  it("a subclass of the user's is told apart in the ordinary way", () => {
    class Mine extends TooSlowError {}
    expect(new Mine()).toBeInstanceOf(TooSlowError);
    expect(new TooSlowError("x")).not.toBeInstanceOf(Mine);
  });
});

import { CancelScope, currentSignal, moveOnAfter, shielded } from "@espalier/cancel-scope";
import {
  Cancelled,
  checkpoint,
  currentTime,
  isCancelled,
  sleep,
  sleepForever,
  taskTree,
} from "@espalier/core";
import { expectError, rejection } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

import { virtually } from "./support/virtual.ts";

describe("shielded", () => {
  it("without a cancellation lets the body take as long as it likes, and gives its value", () =>
    virtually(async () => {
      expect(await shielded(() => sleep(1e6).then(() => "value"), { graceMs: 5 })).toBe("value");
      expect(await shielded(() => "sync", { graceMs: 0 })).toBe("sync");
    }));

  it("counts the grace from the cancellation outside, not from its own beginning", () =>
    virtually(async () => {
      const ends: number[] = [];
      await moveOnAfter(100, () =>
        shielded(() => sleepForever().finally(() => ends.push(currentTime())), { graceMs: 30 }),
      );
      expect(ends).toEqual([130]);
    }));

  it("already cancelled at entry: the grace begins there", () =>
    virtually(async () => {
      const ends: number[] = [];
      await moveOnAfter(100, async () => {
        try {
          await sleepForever();
        } finally {
          await new CancelScope({ shield: true }).run(() => sleep(20));
          await shielded(() => sleepForever().finally(() => ends.push(currentTime())), { graceMs: 30 });
        }
      });
      expect(ends).toEqual([150]);
    }));

  it("a body that ends within the grace gives its value; the next checkpoint outside raises", () =>
    virtually(async () => {
      const steps: unknown[] = [];
      const scope = new CancelScope({ timeout: 10 });
      await scope.run(async () => {
        steps.push(await shielded(() => sleep(40).then(() => "value"), { graceMs: 100 }));
        await checkpoint();
        steps.push("never");
      });
      expect(steps).toEqual(["value"]);
      expect(scope.cancelledCaught).toBe(true);
      expect(currentTime()).toBe(40);
    }));

  it("when the grace runs out raises Cancelled, which is the outer scope's to catch", () =>
    virtually(async () => {
      const scope = new CancelScope({ timeout: 10 });
      let raised: unknown;
      const value = await scope.run(async () => {
        try {
          await shielded(() => sleepForever(), { graceMs: 30, name: "say goodbye" });
        } catch (error) {
          raised = error;
          throw error;
        }
        return "never";
      });
      expect(value).toBeUndefined();
      expect(isCancelled(raised)).toBe(true);
      expect(raised).toBeInstanceOf(Cancelled);
      expect((raised as Cancelled).reason).toEqual({ source: "deadline", scope: "say goodbye" });
      expect(scope.cancelledCaught).toBe(true);
    }));

  it("after the grace every checkpoint in it raises (law 1)", () =>
    virtually(async () => {
      let raised = 0;
      await moveOnAfter(10, () =>
        shielded(
          async () => {
            for (let i = 0; i < 3; i++) await sleep(1e6).catch(() => raised++);
          },
          { graceMs: 30 },
        ),
      );
      expect(raised).toBe(3);
      expect(currentTime()).toBe(40);
    }));

  it("a body that ends although its grace ran out: the value counts", () =>
    virtually(async () => {
      const got: unknown[] = [];
      await moveOnAfter(10, async () => {
        got.push(
          await shielded(
            async () => {
              await sleepForever().catch(() => undefined);
              return "late, but there";
            },
            { graceMs: 30 },
          ),
        );
      });
      expect(got).toEqual(["late, but there"]);
    }));

  it("passes on errors of the body, also when it is cancelled outside", () =>
    virtually(async () => {
      const error = new Error("rollback failed");
      expect(await rejection(shielded(() => Promise.reject(error), { graceMs: 5 }))).toBe(error);
      expect(
        await rejection(
          shielded(
            () => {
              throw error;
            },
            { graceMs: 5 },
          ),
        ),
      ).toBe(error);
      const failing = moveOnAfter(10, () =>
        shielded(() => sleep(20).then(() => Promise.reject(error)), { graceMs: 100 }),
      );
      expect(await rejection(failing)).toBe(error);
    }));

  it("a grace of 0 ends at the cancellation, but not before entry: the body runs to its first checkpoint", () =>
    virtually(async () => {
      const steps: string[] = [];
      await moveOnAfter(10, () =>
        shielded(() => sleepForever().finally(() => steps.push(`${currentTime()}`)), { graceMs: 0 }),
      );
      await new CancelScope().run(async (scope) => {
        scope.cancel();
        await shielded(
          async () => {
            steps.push("begun");
            await checkpoint();
            steps.push("never");
          },
          { graceMs: 0 },
        );
      });
      expect(steps).toEqual(["10", "begun"]);
    }));

  it("an infinite grace never ends", () =>
    virtually(async () => {
      await moveOnAfter(10, () => shielded(() => sleep(1e6), { graceMs: Infinity }));
      expect(currentTime()).toBe(1e6);
    }));

  it("its own scopes and limits work inside", () =>
    virtually(async () => {
      await moveOnAfter(10, () => shielded(() => moveOnAfter(50, () => sleepForever()), { graceMs: 1000 }));
      expect(currentTime()).toBe(50);
    }));

  it("nested: the inner one's outside is the outer one, so the graces add up", () =>
    virtually(async () => {
      const ends: string[] = [];
      const ended = (name: string) => () => ends.push(`${name} ${currentTime()}`);
      await moveOnAfter(10, () =>
        shielded(
          async () => {
            await shielded(() => sleepForever().finally(ended("inner")), { graceMs: 30 }).finally(
              ended("inner block"),
            );
          },
          { graceMs: 100 },
        ).finally(ended("outer block")),
      );
      expect(ends).toEqual(["inner 140", "inner block 140", "outer block 140"]);
    }));

  it("in a scope whose cancellation is lifted meanwhile: what it raises is still caught further out", () =>
    virtually(async () => {
      const [outer, inner] = [new CancelScope({ timeout: 10 }), new CancelScope()];
      await outer.run(() =>
        inner.run(() =>
          shielded(
            async () => {
              await sleep(20); // cancelled outside at 10
              inner.shield = true;
              await sleepForever();
            },
            { graceMs: 50 },
          ),
        ),
      );
      expect(currentTime()).toBe(60);
      expect([outer.cancelledCaught, inner.cancelledCaught]).toEqual([true, false]);
    }));

  it("an abort error that the end of the grace caused is a cancellation too", () =>
    virtually(async () => {
      const scope = new CancelScope({ timeout: 10 });
      await scope.run(() =>
        shielded(
          async () => {
            await sleepForever().catch(() => undefined);
            currentSignal().throwIfAborted();
          },
          { graceMs: 30 },
        ),
      );
      expect(scope.cancelledCaught).toBe(true);
    }));

  it("is named in the task tree", async () => {
    await shielded(
      () => {
        expect(JSON.stringify(taskTree())).toContain(`"name":"goodbye"`);
      },
      { graceMs: 1, name: "goodbye" },
    );
  });

  it("cleanup with a limit: what the essay's example wants, after about 10 ms and not 60 s", () =>
    virtually(async () => {
      const log: string[] = [];
      await moveOnAfter(10, async () => {
        try {
          await sleep(60_000);
        } finally {
          await shielded(() => sleep(5), { graceMs: 1000 });
          log.push(`cleaned up at ${currentTime()}`);
        }
      });
      expect(log).toEqual(["cleaned up at 15"]);
    }));

  it("without graceMs is a TypeError that says why (law 13)", async () => {
    for (const options of [undefined, {}, { graceMs: undefined }]) {
      const error = await rejection(shielded(() => 1, options as unknown as { graceMs: number }));
      expectError(error, TypeError, /needs \{ graceMs \}: cleanup without a limit can hang for ever/);
    }
  });

  it("refuses other wrong arguments and does not begin (law 13)", async () => {
    let begun = false;
    const body = (): unknown => (begun = true);
    expectError(await rejection(shielded(body, { graceMs: -1 })), RangeError, /graceMs .* not -1/);
    expectError(await rejection(shielded(body, { graceMs: NaN })), RangeError, /not NaN/);
    expectError(await rejection(shielded(body, { graceMs: "5" as never })), TypeError, /not a string/);
    expectError(
      await rejection(shielded(checkpoint() as never, { graceMs: 5 })),
      TypeError,
      /you passed a promise/,
    );
    expectError(
      await rejection(shielded(body, 500 as never)),
      TypeError,
      /such as \{ graceMs: 5000 \}, not a number/,
    );
    const named = { graceMs: 5, name: 5 as never };
    expectError(await rejection(shielded(body, named)), TypeError, /^shielded\.name needs a string/);
    expect(begun).toBe(false);
  });
});

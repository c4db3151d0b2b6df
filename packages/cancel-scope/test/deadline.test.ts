import { CancelScope } from "@espalier/cancel-scope";
import {
  checkpoint,
  currentEffectiveDeadline,
  currentTime,
  MisuseError,
  run,
  sleep,
  sleepForever,
} from "@espalier/core";
import { MockClock } from "@espalier/core/testing";
import { expectError, rejection, thrownBy } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

import { virtually } from "./support/virtual.ts";

/** When a scope that sleeps in it is cancelled, if its deadline is assigned as told. */
function endOf(change: (scope: CancelScope) => unknown, timeout = 100): Promise<number> {
  return virtually(async () => {
    const scope = new CancelScope({ timeout });
    await scope.run(async () => {
      void Promise.resolve(change(scope)).catch(() => undefined);
      await sleep(10_000);
    });
    return currentTime();
  });
}

describe("CancelScope.deadline", () => {
  it("can be moved earlier and later, from inside", async () => {
    expect(await endOf((scope) => (scope.deadline = 20))).toBe(20);
    expect(await endOf((scope) => (scope.deadline = 500))).toBe(500);
    expect(await endOf((scope) => (scope.deadline += 7))).toBe(107);
  });

  it("can be moved at any time before it has passed", async () => {
    expect(
      await endOf(async (scope) => {
        await sleep(99);
        scope.deadline += 50;
        await sleep(40);
        scope.deadline += 50;
      }),
    ).toBe(200);
  });

  it("Infinity takes it away, and another brings it back", async () => {
    expect(await endOf((scope) => (scope.deadline = Infinity))).toBe(10_000);
    expect(
      await endOf(async (scope) => {
        scope.deadline = Infinity;
        await sleep(2000);
        scope.deadline = 3000;
      }),
    ).toBe(3000);
  });

  it.each([-Infinity, -5, 0, 50])("assigning one that has passed (%d) cancels at once", (time) =>
    virtually(async () => {
      await sleep(50);
      const scope = new CancelScope({ timeout: 1000 });
      await scope.run(async () => {
        scope.deadline = time;
        expect(scope.cancelCalled).toBe(true);
        expect(await rejection(checkpoint())).toMatchObject({ reason: { source: "deadline" } });
        await checkpoint();
      });
      expect(currentTime()).toBe(50);
      expect(scope.cancelledCaught).toBe(true);
    }),
  );

  it("can be given to a scope that had none", async () => {
    await virtually(async () => {
      const scope = new CancelScope();
      await scope.run(async () => {
        scope.deadline = 30;
        await sleepForever();
      });
      expect(currentTime()).toBe(30);
    });
  });

  it("can be moved from a host callback", () =>
    virtually(async () => {
      const scope = new CancelScope({ timeout: 1000 });
      await scope.run(async () => {
        await new Promise<void>((resolve) => {
          setTimeout(() => {
            scope.deadline = 10;
            resolve();
          }, 1);
        });
        await sleepForever();
      });
      expect(currentTime()).toBe(10);
    }));

  it("moved into the past by a host callback wakes what is parked", async () => {
    const scope = new CancelScope({ timeout: 1e6 });
    setTimeout(() => {
      scope.deadline = -1;
    }, 1);
    expect(await scope.run(() => sleepForever())).toBeUndefined();
    expect(scope.cancelledCaught).toBe(true);
  });

  it("can be read and moved before entry, if it does not count from entry", () =>
    virtually(async () => {
      const scope = new CancelScope({ deadline: 100 });
      expect(scope.deadline).toBe(100);
      scope.deadline = 40;
      expect(scope.deadline).toBe(40);
      await scope.run(() => sleepForever());
      expect(currentTime()).toBe(40);

      const none = new CancelScope();
      none.deadline = 60;
      await none.run(() => sleepForever());
      expect(currentTime()).toBe(60);
    }));

  it("of a scope with a timeout is not known before entry: a MisuseError with the remedy (law 13)", () => {
    const scope = new CancelScope({ timeout: 5, name: "later" });
    const remedy = /"later" counts from its entry.*\{ deadline \} instead of \{ timeout \}/;
    expectError(
      thrownBy(() => scope.deadline),
      MisuseError,
      remedy,
    );
    expectError(
      thrownBy(() => (scope.deadline = 5)),
      MisuseError,
      remedy,
    );
  });

  it("refuses what is no time on this clock (law 13), and keeps the one it has", () =>
    virtually(async () => {
      const scope = new CancelScope({ timeout: 50 });
      await scope.run(async () => {
        expectError(
          thrownBy(() => (scope.deadline = NaN)),
          RangeError,
          /not NaN/,
        );
        expectError(
          thrownBy(() => (scope.deadline = Date.now() + 5)),
          RangeError,
          /looks like Date\.now/,
        );
        expectError(
          thrownBy(() => (scope.deadline = "5" as unknown as number)),
          TypeError,
          /not a string/,
        );
        expect(scope.deadline).toBe(50);
        await sleepForever();
      });
      expect(currentTime()).toBe(50);
    }));

  it("after the cancellation has no effect any more, and arms no timer", () =>
    virtually(async () => {
      const scope = new CancelScope();
      await scope.run(async () => {
        scope.cancel();
        scope.deadline = 500;
        expect(currentEffectiveDeadline()).toBe(-Infinity);
        await rejection(checkpoint());
      });
      expect(scope.cancelCalled).toBe(true);
      scope.deadline = 1;
      await sleep(10);
      expect(scope.cancelledCaught).toBe(false);
    }));

  it("after the scope was left does nothing", () =>
    virtually(async () => {
      const scope = new CancelScope({ timeout: 50 });
      await scope.run(() => checkpoint());
      scope.deadline = 0;
      await sleep(100);
      expect(scope).toMatchObject({ cancelCalled: false, cancelledCaught: false });
    }));

  it("is seen by currentEffectiveDeadline as far as shields let it", () =>
    virtually(() =>
      new CancelScope({ deadline: 100 }).run(async () => {
        expect(currentEffectiveDeadline()).toBe(100);
        await new CancelScope({ deadline: 200 }).run((inner) => {
          expect(currentEffectiveDeadline()).toBe(100);
          inner.shield = true;
          expect(currentEffectiveDeadline()).toBe(200);
          inner.deadline = Infinity;
          expect(currentEffectiveDeadline()).toBe(Infinity);
          inner.cancel();
          expect(currentEffectiveDeadline()).toBe(-Infinity);
        });
      }),
    ));

  it("of several nested scopes, each counts for itself", () =>
    virtually(async () => {
      const ends: string[] = [];
      await new CancelScope({ timeout: 300 }).run(async () => {
        await new CancelScope({ timeout: 100 }).run(() => sleepForever());
        ends.push(`inner ${currentTime()}`);
        await new CancelScope({ timeout: 1000 }).run(() => sleepForever());
        ends.push("never");
      });
      ends.push(`outer ${currentTime()}`);
      expect(ends).toEqual(["inner 100", "outer 300"]);
    }));

  it("is never early, on real time", async () => {
    for (const ms of [1, 3, 10]) {
      const start = performance.now();
      await new CancelScope({ timeout: ms }).run(() => sleepForever());
      expect(performance.now() - start).toBeGreaterThanOrEqual(ms);
    }
  });

  it("may be further away than a native timer can count", () =>
    virtually(async () => {
      await new CancelScope({ timeout: 2 ** 40 }).run(() => sleepForever());
      expect(currentTime()).toBe(2 ** 40);
    }));

  it("without a run, counts on real time and leaves no timer behind", async () => {
    const scope = new CancelScope({ timeout: 1e7 });
    await scope.run(() => checkpoint());
    await new CancelScope({ deadline: currentTime() + 1e7 }).run(() => checkpoint());
    // vitest would hang, were one left; what the process counts says so at once
    expect(process.getActiveResourcesInfo().filter((each) => each === "Timeout").length).toBeLessThan(5);
  });

  it("of a scope made outside is read on the clock of the run that it is entered in", async () => {
    const scope = new CancelScope({ deadline: 30 });
    await run(() => scope.run(() => sleepForever()), { clock: new MockClock({ autojumpThresholdMs: 0 }) });
    expect(scope.cancelledCaught).toBe(true);
  });
});

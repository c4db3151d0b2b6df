import { CancelScope } from "@espalier/cancel-scope";
import { checkpoint, currentTime, sleep, sleepForever } from "@espalier/core";
import { park } from "@espalier/core/lowlevel";
import { expectError, rejection, thrownBy } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

import { virtually } from "./support/virtual.ts";

describe("CancelScope.shield", () => {
  it("makes cancellation of the scopes around it invisible inside", async () => {
    const steps: string[] = [];
    await new CancelScope().run(async (outer) => {
      await new CancelScope({ shield: true }).run(async () => {
        outer.cancel();
        await checkpoint();
        steps.push("shielded: goes on");
      });
      await checkpoint();
      steps.push("never");
    });
    expect(steps).toEqual(["shielded: goes on"]);
  });

  it("does not protect from its own cancellation, nor what is inside from theirs", () =>
    virtually(async () => {
      const shielded = new CancelScope({ shield: true, timeout: 100 });
      await shielded.run(async () => {
        await new CancelScope({ timeout: 10 }).run(() => sleepForever());
        expect(currentTime()).toBe(10);
        await sleepForever();
      });
      expect(currentTime()).toBe(100);
      expect(shielded.cancelledCaught).toBe(true);
    }));

  it("taken away at run time aborts a parked wait at once, synchronously", async () => {
    const outer = new CancelScope();
    const inner = new CancelScope({ shield: true });
    let aborted = false;
    const ended = outer.run(() => inner.run(() => park("a wait", () => (aborted = true)).promise));
    outer.cancel();
    await checkpoint();
    expect(aborted).toBe(false);
    inner.shield = false;
    expect(aborted).toBe(true);
    expect(await ended).toBeUndefined();
    expect([outer.cancelledCaught, inner.cancelledCaught]).toEqual([true, false]);
  });

  it("put up at run time lifts an outer cancellation", async () => {
    const steps: string[] = [];
    const outer = new CancelScope();
    await outer.run(async () => {
      const inner = new CancelScope();
      await inner.run(async () => {
        outer.cancel();
        await rejection(checkpoint());
        steps.push("cancelled");
        inner.shield = true;
        await checkpoint();
        await sleep(1);
        steps.push("lifted");
        inner.shield = false;
        await checkpoint();
        steps.push("never");
      });
      steps.push("never");
    });
    expect(steps).toEqual(["cancelled", "lifted"]);
    expect(outer.cancelledCaught).toBe(true);
  });

  it("lifts nothing of its own cancellation", async () => {
    await new CancelScope().run(async (scope) => {
      scope.cancel();
      scope.shield = true;
      expect(await rejection(checkpoint())).toMatchObject({ reason: { source: "explicit" } });
    });
  });

  it("can be toggled before entry, and is read back", async () => {
    const scope = new CancelScope();
    scope.shield = true;
    expect(scope.shield).toBe(true);
    await new CancelScope().run(async (outer) => {
      outer.cancel();
      expect(
        await scope.run(async () => {
          await checkpoint();
          return "went on";
        }),
      ).toBe("went on");
    });
  });

  it("toggled to and fro inside a cancelled scope, each checkpoint sees the present state (law 1)", async () => {
    await new CancelScope().run(async (outer) => {
      outer.cancel();
      await new CancelScope().run(async (inner) => {
        for (let i = 0; i < 10; i++) {
          inner.shield = i % 2 === 0;
          const raised = await checkpoint().then(
            () => false,
            () => true,
          );
          expect(raised).toBe(i % 2 === 1);
        }
      });
    });
  });

  it("of a scope in between hides the outermost from the innermost", async () => {
    await new CancelScope().run(async (a) => {
      await new CancelScope({ shield: true }).run(async (b) => {
        await new CancelScope().run(async () => {
          a.cancel();
          await checkpoint();
          b.cancel();
          expect(await rejection(checkpoint())).toMatchObject({ reason: { source: "explicit" } });
        });
      });
    });
  });

  it("takes only true and false (law 13)", () => {
    const scope = new CancelScope();
    for (const wrong of [0, 1, "true", undefined, null]) {
      expectError(
        thrownBy(() => (scope.shield = wrong as unknown as boolean)),
        TypeError,
        /needs true or false/,
      );
    }
    expect(scope.shield).toBe(false);
  });

  it("after the scope was left has no effect", async () => {
    const scope = new CancelScope();
    await scope.run(() => checkpoint());
    scope.shield = true;
    expect(scope.cancelledCaught).toBe(false);
  });
});

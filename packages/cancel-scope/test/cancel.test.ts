import { CancelScope, moveOnAfter } from "@espalier/cancel-scope";
import { Cancelled, checkpoint, run, sleep, sleepForever } from "@espalier/core";
import { park } from "@espalier/core/lowlevel";
import { rejection, turns } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

import { virtually } from "./support/virtual.ts";

describe("CancelScope.cancel", () => {
  it("before entry: the body runs up to its first checkpoint", async () => {
    const scope = new CancelScope();
    scope.cancel("early");
    expect(scope.cancelCalled).toBe(true);
    const steps: unknown[] = [];
    const value = await scope.run(async () => {
      steps.push("begun");
      steps.push(await rejection(checkpoint()));
      await checkpoint();
      steps.push("never");
    });
    expect(value).toBeUndefined();
    expect(steps).toEqual(["begun", expect.any(Cancelled)]);
    expect((steps[1] as Cancelled).reason).toEqual({ source: "explicit", reason: "early", scope: "scope" });
    expect(scope.cancelledCaught).toBe(true);
  });

  it("from outside, from a host callback", async () => {
    const scope = new CancelScope();
    setTimeout(() => {
      scope.cancel();
    }, 1);
    expect(await scope.run(() => sleepForever())).toBeUndefined();
    expect(scope).toMatchObject({ cancelCalled: true, cancelledCaught: true });
  });

  it("aborts what is parked synchronously, before it returns", async () => {
    const scope = new CancelScope();
    let aborted = false;
    const ended = scope.run(() => park("a wait", () => (aborted = true)).promise);
    expect(aborted).toBe(false);
    scope.cancel();
    expect(aborted).toBe(true);
    await ended;
  });

  it("from inside: the next checkpoint raises, not the call", async () => {
    const steps: string[] = [];
    await new CancelScope().run(async (scope) => {
      scope.cancel();
      steps.push("the call returns");
      await checkpoint();
      steps.push("never");
    });
    expect(steps).toEqual(["the call returns"]);
  });

  it("twice: nothing happens, and the first reason wins", async () => {
    const scope = new CancelScope({ name: "s" });
    const raised = scope.run(async () => rejection(sleepForever()));
    scope.cancel("first");
    scope.cancel("second");
    expect((await raised) as unknown).toMatchObject({ reason: { reason: "first" } });
    scope.cancel("third");
    expect(scope.cancelCalled).toBe(true);
  });

  it("the first reason wins over a deadline, and a deadline over a later reason", () =>
    virtually(async () => {
      const cancelledFirst = new CancelScope({ timeout: 10 });
      await cancelledFirst.run(async () => {
        cancelledFirst.cancel("why");
        await new CancelScope({ shield: true }).run(() => sleep(50));
        expect(await rejection(checkpoint())).toMatchObject({
          reason: { source: "explicit", reason: "why" },
        });
      });
      const late = new CancelScope({ timeout: 10 });
      await late.run(async () => {
        await rejection(sleepForever());
        late.cancel("why");
        expect(await rejection(checkpoint())).toMatchObject({ reason: { source: "deadline" } });
      });
    }));

  it("carries any reason as it is, in words too", async () => {
    for (const reason of [new Error("cause"), { a: 1 }, "text", 0, null, false]) {
      const scope = new CancelScope({ name: "s" });
      scope.cancel(reason);
      const error = (await scope.run(() => rejection(checkpoint()))) as unknown as Cancelled;
      expect(error.reason.reason).toBe(reason);
      expect(error.message).toMatch(/^cancelled: cancel\(\) of "s" was called/);
    }
  });

  it("without a reason has none", async () => {
    const scope = new CancelScope({ name: "s" });
    scope.cancel();
    const error = (await scope.run(() => rejection(checkpoint()))) as unknown as Cancelled;
    expect(error.reason).toEqual({ source: "explicit", scope: "s" });
    expect(error.reason).not.toHaveProperty("reason");
  });

  it("after the scope was left: noted, and nothing else", async () => {
    const scope = new CancelScope();
    const signal = scope.signal;
    await scope.run(() => checkpoint());
    expect(scope.cancelCalled).toBe(false);
    scope.cancel("late");
    expect(scope).toMatchObject({ cancelCalled: true, cancelledCaught: false });
    expect(signal.aborted).toBe(false);
  });

  it("touches no other scope: not the one around, not the one beside", async () => {
    await new CancelScope().run(async (outer) => {
      const inner = new CancelScope();
      await inner.run(async () => {
        inner.cancel();
        await checkpoint();
      });
      expect(inner.cancelledCaught).toBe(true);
      await checkpoint();
      await new CancelScope().run(() => checkpoint());
      expect(outer.cancelCalled).toBe(false);
    });
  });

  it("reaches everything inside, however deep, that is not shielded", async () => {
    const outer = new CancelScope();
    const shield = new CancelScope({ shield: true });
    const seen: string[] = [];
    const wait = async (name: string): Promise<void> => {
      await sleepForever().catch(() => seen.push(name));
    };
    const ended = outer.run(() =>
      Promise.all([
        wait("a"),
        new CancelScope().run(() => Promise.all([wait("b"), new CancelScope().run(() => wait("c"))])),
        shield.run(() => wait("d")),
      ]),
    );
    outer.cancel();
    await turns(2);
    expect(seen).toEqual(["a", "b", "c"]);
    shield.cancel();
    await ended;
    expect(seen).toEqual(["a", "b", "c", "d"]);
  });

  it("can be called as a bare function given to somebody else", async () => {
    const scope = new CancelScope();
    const stop = (): void => {
      scope.cancel();
    };
    const emitter = new EventTarget();
    emitter.addEventListener("stop", stop);
    const ended = scope.run(() => sleepForever());
    emitter.dispatchEvent(new Event("stop"));
    expect(await ended).toBeUndefined();
  });

  it("in debug mode keeps where it was called, before entry too", async () => {
    const reason = await run(
      async () => {
        const scope = new CancelScope();
        scope.cancel();
        return scope.run(async () => ((await rejection(checkpoint())) as Cancelled).reason);
      },
      { debug: true },
    );
    expect(reason?.stack).toMatch(/cancel\.test/);
  });

  it("while it is being left by a value: the value counts (law 6)", async () => {
    const scope = new CancelScope();
    const value = await scope.run(async () => {
      await checkpoint();
      queueMicrotask(() => {
        scope.cancel();
      });
      return "value";
    });
    expect(value).toBe("value");
    expect(scope.cancelledCaught).toBe(false);
  });

  it("delivered beats cancelled: a sleep that ended before keeps its end (law 6)", () =>
    virtually(async (clock) => {
      const scope = new CancelScope();
      const steps: string[] = [];
      const ended = scope.run(async () => {
        await sleep(10);
        steps.push("slept");
        await checkpoint();
        steps.push("never");
      });
      clock.jump(10); // the sleep is over, its code has not gone on yet
      scope.cancel();
      await ended;
      expect(steps).toEqual(["slept"]);
    }));
});

describe("a scope inside a closed one (law 7)", () => {
  it("is cancelled from the beginning", async () => {
    let reopen: (() => Promise<unknown>) | undefined;
    let late: Promise<unknown> = Promise.resolve();
    const outside = new Promise<void>((resolve) => (reopen = async () => resolve()));
    await moveOnAfter(1000, () => {
      late = outside.then(() => new CancelScope().run(() => rejection(checkpoint())));
    });
    await reopen?.();
    expect(await late).toMatchObject({ reason: { source: "scope-closed" } });
  });
});

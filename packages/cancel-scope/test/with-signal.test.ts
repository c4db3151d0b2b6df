import { getEventListeners } from "node:events";
import { setTimeout as delay } from "node:timers/promises";

import { CancelScope, moveOnAfter, withSignal } from "@espalier/cancel-scope";
import { Cancelled, checkpoint, isCancelled } from "@espalier/core";
import { expectError, rejection, turns, unhandledDuring } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

/** Begins `withSignal(fn)` in a scope, cancels it once `fn` has begun, and gives how both ended. */
async function cancelled<T>(
  fn: (signal: AbortSignal) => Promise<T>,
): Promise<{ scope: CancelScope; value?: T; error?: unknown; left: T | undefined }> {
  const scope = new CancelScope();
  let how: { value?: T; error?: unknown } = {};
  const ended = scope.run(async () => {
    try {
      const value = await withSignal(fn);
      how = { value };
      return value;
    } catch (error) {
      how = { error };
      throw error;
    }
  });
  scope.cancel("why");
  const left = await ended;
  return { scope, ...how, left };
}

describe("withSignal", () => {
  it("gives the value of fn, and a signal of its own", async () => {
    await new CancelScope().run(async (scope) => {
      let given: AbortSignal | undefined;
      expect(
        await withSignal(async (signal) => {
          given = signal;
          return "value";
        }),
      ).toBe("value");
      expect(given?.aborted).toBe(false);
      expect(given).not.toBe(scope.signal);
      expect(await withSignal(async (signal) => signal)).not.toBe(given);
    });
  });

  it("works outside every scope (law 10)", async () => {
    expect(await withSignal((signal) => delay(1, "value", { signal }))).toBe("value");
  });

  it("cancelled, aborts the signal synchronously and raises what aborted it", async () => {
    const { scope, error } = await cancelled((signal) => delay(1e6, undefined, { signal }));
    expect(error).toBeInstanceOf(Cancelled);
    expect(error).toMatchObject({ reason: { source: "explicit", reason: "why" } });
    expect(scope.cancelledCaught).toBe(true);

    const synchronous = new CancelScope();
    await synchronous.run(() =>
      withSignal(async (signal) => {
        synchronous.cancel();
        expect(signal.aborted).toBe(true);
        expect(signal.reason).toBeInstanceOf(Cancelled);
      }),
    );
  });

  it("waits until fn has ended, however long it takes", async () => {
    const steps: string[] = [];
    const { scope } = await cancelled(async (signal) => {
      await delay(1e6, undefined, { signal }).catch(() => undefined);
      await turns(5);
      steps.push("fn has ended");
      throw signal.reason;
    });
    steps.push("left");
    expect(steps).toEqual(["fn has ended", "left"]);
    expect(scope.cancelledCaught).toBe(true);
  });

  it("a fn that ignores the signal is waited for; its value counts (law 6)", async () => {
    const { scope, value, left } = await cancelled(() => turns(5).then(() => "value"));
    expect([value, left]).toEqual(["value", "value"]);
    expect(scope).toMatchObject({ cancelCalled: true, cancelledCaught: false });
  });

  it("a value that came all the same counts; the next checkpoint raises", async () => {
    const steps: unknown[] = [];
    const scope = new CancelScope();
    await scope.run(async () => {
      steps.push(
        await withSignal(async () => {
          scope.cancel();
          return "value";
        }),
      );
      await checkpoint();
      steps.push("never");
    });
    expect(steps).toEqual(["value"]);
  });

  it("an error of fn's own is passed on, cancelled or not", async () => {
    const own = new Error("connection reset");
    expect(await rejection(withSignal(() => Promise.reject(own)))).toBe(own);
    const scope = new CancelScope();
    const ended = scope.run(() =>
      withSignal(async () => {
        await turns(2);
        throw own;
      }),
    );
    scope.cancel();
    expect(await rejection(ended)).toBe(own);
    expect(scope.cancelledCaught).toBe(false);
  });

  it("an error thrown before fn gave a promise is passed on as a rejection", async () => {
    const own = new Error("sync");
    const ended = withSignal(() => {
      throw own;
    });
    expect(await rejection(ended)).toBe(own);
  });

  it.each([
    [
      "its cause",
      (signal: AbortSignal) =>
        Object.assign(new Error("x", { cause: signal.reason }), { name: "AbortError" }),
    ],
    ["the reason itself", (signal: AbortSignal) => signal.reason as Error],
    ["no cause, by name", () => Object.assign(new Error("x"), { name: "AbortError" })],
    ["no cause, by axios' code", () => Object.assign(new Error("x"), { code: "ERR_CANCELED" })],
    ["a DOMException", () => new DOMException("x", "AbortError")],
  ])("an abort error that its signal caused is the cancellation: %s", async (_how, make) => {
    const { scope, error } = await cancelled(async (signal) => {
      await new Promise<void>((resolve) => {
        signal.addEventListener("abort", () => {
          resolve();
        });
      });
      throw make(signal);
    });
    expect(error).toBeInstanceOf(Cancelled);
    expect(scope.cancelledCaught).toBe(true);
  });

  it("an abort error of somebody else's controller is an error", async () => {
    const mine = new AbortController();
    mine.abort(new Error("mine"));
    const error = await rejection(
      new CancelScope().run(() => withSignal(() => delay(1e6, undefined, { signal: mine.signal }))),
    );
    expect(isCancelled(error)).toBe(false);
    expect(error).toMatchObject({ name: "AbortError", cause: new Error("mine") });
  });

  it("in a cancelled scope does not call fn (law 4)", async () => {
    let called = false;
    const scope = new CancelScope();
    scope.cancel();
    await scope.run(() => withSignal(async () => (called = true)));
    expect(called).toBe(false);
    expect(scope.cancelledCaught).toBe(true);
  });

  it("takes its time at the deadline: the scope is left when fn has ended", async () => {
    let ended = false;
    await moveOnAfter(1, () =>
      withSignal(async (signal) => {
        await delay(1e6, undefined, { signal }).catch(() => undefined);
        await turns(3);
        ended = true;
      }),
    );
    expect(ended).toBe(true);
  });

  it("leaves no listener on the scope's signal, and none of its own that matters", async () => {
    await new CancelScope().run(async (scope) => {
      const { signal } = scope;
      for (let i = 0; i < 3; i++) {
        await withSignal(async (own) => {
          own.addEventListener("abort", () => undefined); // never removed
        });
      }
      expect(getEventListeners(signal, "abort")).toHaveLength(0);
    });
  });

  it("fifty at once draw no MaxListenersExceededWarning", async () => {
    const warnings: Error[] = [];
    const note = (warning: Error): void => void warnings.push(warning);
    process.on("warning", note);
    try {
      await moveOnAfter(20, () =>
        Promise.all(
          Array.from({ length: 50 }, () => withSignal((signal) => delay(1e6, undefined, { signal }))),
        ),
      );
      await turns(2);
      expect(warnings).toEqual([]);
    } finally {
      process.off("warning", note);
    }
  });

  it("gives others a turn, also when fn does not wait (law 8)", async () => {
    let stop = false;
    setTimeout(() => (stop = true), 1);
    while (!stop) await withSignal(async () => undefined);
  });

  it("left behind in its scope, is aborted and crashes nothing (law 7)", async () => {
    let aborted = false;
    const unhandled = await unhandledDuring(async () => {
      await new CancelScope().run(() => {
        void withSignal(
          (signal) =>
            new Promise<void>((resolve) => {
              signal.addEventListener("abort", () => {
                aborted = true;
                resolve();
              });
            }),
        );
      });
    });
    expect(aborted).toBe(true);
    expect(unhandled).toEqual([]);
  });

  it("refuses what is no function (law 13)", async () => {
    expectError(await rejection(withSignal(checkpoint() as never)), TypeError, /you passed a promise/);
  });
});

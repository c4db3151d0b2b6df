import { getEventListeners } from "node:events";

import { CancelScope } from "@espalier/cancel-scope";
import { type Cancelled, checkpoint, sleepForever } from "@espalier/core";
import { rejection, turns } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

const listeners = (signal: AbortSignal): number => getEventListeners(signal, "abort").length;

describe("CancelScope({ signal })", () => {
  it("already aborted: cancels at entry", async () => {
    const signal = AbortSignal.abort(new Error("shut down"));
    const scope = new CancelScope({ signal, name: "s" });
    const error = (await scope.run(() => rejection(checkpoint()))) as unknown as Cancelled;
    expect(error.reason).toEqual({ source: "signal", reason: new Error("shut down"), scope: "s" });
    expect(scope).toMatchObject({ cancelCalled: true });
    expect(listeners(signal)).toBe(0);
  });

  it("aborted between construction and entry: counts, and cancels at entry", async () => {
    const controller = new AbortController();
    const scope = new CancelScope({ signal: controller.signal });
    expect(scope.cancelCalled).toBe(false);
    controller.abort();
    expect(scope.cancelCalled).toBe(true);
    expect(await scope.run(() => checkpoint().then(() => "value"))).toBeUndefined();
    expect(scope.cancelledCaught).toBe(true);
  });

  it("aborts later: cancels the scope, and the scope catches it", async () => {
    const controller = new AbortController();
    const scope = new CancelScope({ signal: controller.signal });
    setTimeout(() => {
      controller.abort("enough");
    }, 1);
    const error = (await scope.run(() => rejection(sleepForever()))) as unknown as Cancelled;
    expect(error).toMatchObject({ reason: { source: "signal", reason: "enough" } });
    expect(error.message).toMatch(/the AbortSignal of "scope" aborted \(enough\)/);
    expect(scope.cancelCalled).toBe(true);
  });

  it("AbortSignal.timeout serves too", async () => {
    const scope = new CancelScope({ signal: AbortSignal.timeout(1) });
    expect(await scope.run(() => sleepForever())).toBeUndefined();
    expect(scope.cancelledCaught).toBe(true);
  });

  it("listens only while the scope is entered, and once", async () => {
    const { signal } = new AbortController();
    const scope = new CancelScope({ signal });
    expect(listeners(signal)).toBe(0);
    await scope.run(async () => {
      expect(listeners(signal)).toBe(1);
      await checkpoint();
    });
    expect(listeners(signal)).toBe(0);
  });

  it("removes its listener however the scope is left", async () => {
    const { signal } = new AbortController();
    const open = (): CancelScope => new CancelScope({ signal });
    await rejection(
      open().run(() => {
        throw new Error("sync");
      }),
    );
    await rejection(open().run(() => Promise.reject(new Error("async"))));
    await open().run(async (scope) => {
      scope.cancel();
      await checkpoint();
    });
    await Promise.all(Array.from({ length: 50 }, () => open().run(() => checkpoint())));
    expect(listeners(signal)).toBe(0);
  });

  it("aborting after the scope was left does nothing", async () => {
    const controller = new AbortController();
    const scope = new CancelScope({ signal: controller.signal });
    await scope.run(() => checkpoint());
    controller.abort();
    expect(scope).toMatchObject({ cancelCalled: false, cancelledCaught: false });
  });

  it("one signal can cancel many scopes", async () => {
    const controller = new AbortController();
    const scopes = Array.from({ length: 5 }, () => new CancelScope({ signal: controller.signal }));
    const ended = Promise.all(scopes.map((scope) => scope.run(() => sleepForever())));
    controller.abort();
    await ended;
    expect(scopes.every((scope) => scope.cancelledCaught)).toBe(true);
    expect(listeners(controller.signal)).toBe(0);
  });

  it("fifty scopes at once share one listener, and draw no MaxListenersExceededWarning", async () => {
    const warnings: Error[] = [];
    const note = (warning: Error): void => void warnings.push(warning);
    process.on("warning", note);
    try {
      const controller = new AbortController();
      const scopes = Array.from({ length: 50 }, () => new CancelScope({ signal: controller.signal }));
      const [first, ...others] = scopes;
      const ended = others.map((scope) => scope.run(() => sleepForever()));
      await first!.run(() => checkpoint()); // leaves early: the others stay listened for
      expect(listeners(controller.signal)).toBe(1);
      await turns(2);
      controller.abort();
      await Promise.all(ended);
      expect(others.every((scope) => scope.cancelledCaught)).toBe(true);
      expect(first!.cancelCalled).toBe(false);
      expect(listeners(controller.signal)).toBe(0);
      expect(warnings).toEqual([]);
    } finally {
      process.off("warning", note);
    }
  });

  it("a scope that leaves another while the signal is told leaves nothing behind", async () => {
    const controller = new AbortController();
    const [a, b] = [1, 2].map(() => new CancelScope({ signal: controller.signal }));
    a!.signal.addEventListener("abort", () => {
      b!.cancel("by a");
    });
    const ended = [a!, b!].map((scope) => scope.run(() => rejection(sleepForever())));
    controller.abort("by the signal");
    expect((await Promise.all(ended)).map((error) => (error as Cancelled).reason.reason)).toEqual([
      "by the signal",
      "by a",
    ]);
    expect(listeners(controller.signal)).toBe(0);
  });

  it("goes together with a timeout; whichever comes first", async () => {
    const { signal } = new AbortController();
    const scope = new CancelScope({ signal, timeout: 1 });
    const error = (await scope.run(() => rejection(sleepForever()))) as unknown as Cancelled;
    expect(error.reason.source).toBe("deadline");
    expect(listeners(signal)).toBe(0);
  });

  it("passed on from one scope to another: the inner one catches nothing that is the outer one's", async () => {
    const outer = new CancelScope();
    const inner = new CancelScope({ signal: outer.signal });
    await outer.run(() =>
      inner.run(async () => {
        outer.cancel();
        await checkpoint();
      }),
    );
    expect([outer.cancelledCaught, inner.cancelledCaught]).toEqual([true, false]);
  });
});

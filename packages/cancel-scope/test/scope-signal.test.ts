import { CancelScope } from "@espalier/cancel-scope";
import { Cancelled, checkpoint, sleepForever } from "@espalier/core";
import { rejection } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

import { virtually } from "./support/virtual.ts";

describe("CancelScope.signal", () => {
  it("is made when it is first read, and is the same from then on", () => {
    const Original = globalThis.AbortController;
    let made = 0;
    globalThis.AbortController = class extends Original {
      constructor() {
        super();
        made++;
      }
    };
    try {
      const scope = new CancelScope();
      expect(made).toBe(0);
      const { signal } = scope;
      expect(made).toBe(1);
      expect(scope.signal).toBe(signal);
      expect(made).toBe(1);
    } finally {
      globalThis.AbortController = Original;
    }
  });

  it("aborts when the scope is cancelled, synchronously; its reason is our Cancelled", async () => {
    const scope = new CancelScope({ name: "s" });
    await scope.run(() => {
      const { signal } = scope;
      const seen: unknown[] = [];
      signal.addEventListener("abort", () => seen.push(signal.reason));
      expect(signal.aborted).toBe(false);
      scope.cancel("why");
      expect(seen).toEqual([expect.any(Cancelled)]);
      expect(signal.reason).toMatchObject({ reason: { source: "explicit", reason: "why", scope: "s" } });
    });
  });

  it("read before entry, aborts when the scope is cancelled before entry", () => {
    const scope = new CancelScope();
    const { signal } = scope;
    scope.cancel();
    expect(signal.aborted).toBe(true);
  });

  it("read before entry, aborts when the scope is cancelled inside", async () => {
    const scope = new CancelScope();
    const { signal } = scope;
    await scope.run(() => {
      scope.cancel();
      expect(signal.aborted).toBe(true);
    });
  });

  it("read in a cancelled scope, is aborted", async () => {
    const scope = new CancelScope();
    scope.cancel();
    expect(scope.signal.aborted).toBe(true);
    expect(scope.signal.reason).toBeInstanceOf(Cancelled);
  });

  it("aborts when a scope around it is cancelled, unless it is shielded", async () => {
    await new CancelScope().run(async (outer) => {
      const [open, shielded] = [new CancelScope(), new CancelScope({ shield: true })];
      await Promise.all([
        open.run(async () => {
          await rejection(sleepForever());
          expect(open.signal.aborted).toBe(true);
        }),
        shielded.run(() => {
          outer.cancel();
          expect([open.signal.aborted, shielded.signal.aborted]).toEqual([true, false]);
        }),
      ]);
    });
  });

  it("aborts when the deadline passes", () =>
    virtually(async () => {
      const scope = new CancelScope({ timeout: 10 });
      const { signal } = scope;
      await scope.run(() => sleepForever());
      expect(signal.aborted).toBe(true);
      expect(signal.reason).toMatchObject({ reason: { source: "deadline" } });
    }));

  it("read after the scope was left, is aborted exactly if the scope was cancelled", async () => {
    const [quiet, cancelled] = [new CancelScope(), new CancelScope()];
    await quiet.run(() => checkpoint());
    cancelled.cancel();
    await cancelled.run(() => checkpoint());
    expect([quiet.signal.aborted, cancelled.signal.aborted]).toEqual([false, true]);
  });

  it("stays aborted when the cancellation is lifted: an AbortSignal cannot go back", async () => {
    await new CancelScope().run(async (outer) => {
      const inner = new CancelScope();
      await inner.run(async () => {
        const { signal } = inner;
        outer.cancel();
        inner.shield = true;
        expect(signal.aborted).toBe(true);
        await checkpoint();
      });
    });
  });

  it("a listener may cancel other scopes", async () => {
    const [a, b] = [new CancelScope(), new CancelScope()];
    a.signal.addEventListener("abort", () => {
      b.cancel();
    });
    const ended = Promise.all([a.run(() => sleepForever()), b.run(() => sleepForever())]);
    a.cancel();
    await ended;
    expect([a.cancelledCaught, b.cancelledCaught]).toEqual([true, true]);
  });
});

import { CancelScope, moveOnAfter } from "@espalier/cancel-scope";
import { type Cancelled, checkpoint, isCancelled, run, sleep, sleepForever } from "@espalier/core";
import { MockClock } from "@espalier/core/testing";
import { rejection } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

import { virtually } from "./support/virtual.ts";

const caught = (...scopes: CancelScope[]): boolean[] => scopes.map((scope) => scope.cancelledCaught);
const called = (...scopes: CancelScope[]): boolean[] => scopes.map((scope) => scope.cancelCalled);

describe("which scope catches", () => {
  it("the one that was cancelled, not those around it or inside it", async () => {
    const [a, b, c] = [new CancelScope(), new CancelScope(), new CancelScope()];
    const steps: string[] = [];
    await a.run(async () => {
      await b.run(async () => {
        await c.run(async () => {
          b.cancel();
          await checkpoint();
        });
        steps.push("never");
      });
      steps.push("after b");
    });
    expect(steps).toEqual(["after b"]);
    expect(caught(a, b, c)).toEqual([false, true, false]);
    expect(called(a, b, c)).toEqual([false, true, false]);
  });

  it.each([
    ["inner first", (outer: CancelScope, inner: CancelScope) => [inner, outer]],
    ["outer first", (outer: CancelScope, inner: CancelScope) => [outer, inner]],
  ])("of two cancelled ones the outer, whichever came first: %s", async (_name, order) => {
    const [outer, inner] = [new CancelScope(), new CancelScope()];
    const steps: string[] = [];
    await outer.run(async () => {
      await inner.run(async () => {
        for (const scope of order(outer, inner)) scope.cancel();
        await checkpoint();
      });
      steps.push("never");
    });
    expect(steps).toEqual([]);
    expect(caught(outer, inner)).toEqual([true, false]);
    expect(called(outer, inner)).toEqual([true, true]);
  });

  it("a shielded one its own, whatever happens outside; then the outer catches at its own next checkpoint", async () => {
    const [outer, inner] = [new CancelScope(), new CancelScope({ shield: true })];
    const steps: string[] = [];
    await outer.run(async () => {
      await inner.run(async () => {
        outer.cancel();
        inner.cancel();
        await checkpoint();
      });
      steps.push("left the shielded one");
      await checkpoint();
      steps.push("never");
    });
    expect(steps).toEqual(["left the shielded one"]);
    expect(caught(outer, inner)).toEqual([true, true]);
  });

  it("none, when the outer one is cancelled only after the inner one was left", async () => {
    const [outer, inner] = [new CancelScope(), new CancelScope()];
    const value = await outer.run(async () => {
      await inner.run(async () => {
        inner.cancel();
        await checkpoint();
      });
      outer.cancel();
      return "no checkpoint followed";
    });
    expect(value).toBe("no checkpoint followed");
    expect(caught(outer, inner)).toEqual([false, true]);
    expect(called(outer, inner)).toEqual([true, true]);
  });

  it("the outer one, when it is cancelled while the inner one is being left", async () => {
    const [outer, inner] = [new CancelScope(), new CancelScope()];
    const steps: string[] = [];
    await outer.run(async () => {
      await inner.run(async () => {
        try {
          inner.cancel();
          await checkpoint();
        } finally {
          outer.cancel(); // the inner one's Cancelled is on its way out
        }
      });
      steps.push("never");
    });
    expect(steps).toEqual([]);
    expect(caught(outer, inner)).toEqual([true, false]);
  });

  it("nobody, when it was cancelled while being left with a value or an error", async () => {
    for (const error of [undefined, new Error("body")]) {
      const scope = new CancelScope();
      const ended = scope.run(async () => {
        await checkpoint();
        scope.cancel();
        if (error !== undefined) throw error;
        return "value";
      });
      if (error === undefined) expect(await ended).toBe("value");
      else expect(await rejection(ended)).toBe(error);
      expect(scope).toMatchObject({ cancelCalled: true, cancelledCaught: false });
    }
  });

  it("the outer one, when the inner one's shield is taken away while the Cancelled is on its way", async () => {
    const [outer, inner] = [new CancelScope(), new CancelScope({ shield: true })];
    await outer.run(() =>
      inner.run(async () => {
        outer.cancel();
        inner.cancel();
        await checkpoint().finally(() => (inner.shield = false));
      }),
    );
    expect(caught(outer, inner)).toEqual([true, false]);
  });

  it("a scope that is not cancelled lets a Cancelled from elsewhere pass", async () => {
    const elsewhere = new CancelScope();
    elsewhere.cancel();
    const stray = (await elsewhere.run(() => rejection(checkpoint()))) as unknown as Cancelled;
    const scope = new CancelScope();
    expect(
      await rejection(
        scope.run(() => {
          throw stray;
        }),
      ),
    ).toBe(stray);
    expect(scope.cancelledCaught).toBe(false);
  });
});

describe("CancelScope.cancelCalled", () => {
  it("counts a deadline that has passed although no timer could tell: the code was busy", async () => {
    const scope = new CancelScope({ timeout: 2 });
    await scope.run(async () => {
      const end = performance.now() + 3;
      while (performance.now() < end); // no turn of the event loop
      expect(scope.cancelCalled).toBe(true);
    });
    expect(scope).toMatchObject({ cancelCalled: true, cancelledCaught: false });
  });

  it("once it has told that a deadline passed, moving the deadline takes nothing back", async () => {
    const clock = new MockClock({ rate: 0 });
    await run(
      async () => {
        for (const enter of [false, true]) {
          const scope = new CancelScope({ deadline: -1 });
          const test = async (): Promise<void> => {
            expect(scope.cancelCalled).toBe(true);
            scope.deadline = Infinity;
            expect(scope.cancelCalled).toBe(true);
            if (enter) expect(isCancelled(await rejection(checkpoint()))).toBe(true);
          };
          await (enter ? scope.run(test) : test());
        }
      },
      { clock },
    );
  });

  it("counts a deadline that passed before entry, and on the clock of its run wherever it is asked", () =>
    virtually(async () => {
      await sleep(10);
      const scope = new CancelScope({ deadline: 50 });
      const asked = (): Promise<boolean> =>
        new Promise((resolve) => setTimeout(() => resolve(scope.cancelCalled), 0));
      expect(scope.cancelCalled).toBe(false);
      expect(await asked()).toBe(false);
      await sleep(40);
      expect(scope.cancelCalled).toBe(true);
      expect(await scope.run(() => checkpoint().then(() => "value"))).toBeUndefined();
    }));

  it("a deadline that was moved in time before entry does not count", () =>
    virtually(async () => {
      const scope = new CancelScope({ deadline: 50 });
      await sleep(100);
      scope.deadline = 150; // nobody had asked, so nothing had happened yet
      expect(scope.cancelCalled).toBe(false);
      expect(await scope.run(() => "value")).toBe("value");
    }));

  it("does not count a deadline that passes after the scope was left", () =>
    virtually(async () => {
      const scope = new CancelScope({ timeout: 10 });
      await scope.run(() => sleep(5));
      await sleep(100);
      expect(scope.cancelCalled).toBe(false);
    }));

  it("does not count a cancellation of the scopes around it", async () => {
    const inner = new CancelScope();
    await new CancelScope().run(async (outer) => {
      await inner.run(async () => {
        outer.cancel();
        await checkpoint();
      });
    });
    expect(inner).toMatchObject({ cancelCalled: false, cancelledCaught: false });
  });

  it("does not say that anything came of it", async () => {
    const scope = new CancelScope();
    await scope.run(async () => {
      await checkpoint();
      scope.cancel();
    });
    expect(scope).toMatchObject({ cancelCalled: true, cancelledCaught: false });
  });

  it("never entered, it is what was called", () => {
    const scope = new CancelScope();
    scope.cancel();
    expect(scope).toMatchObject({ cancelCalled: true, cancelledCaught: false });
  });
});

describe("CancelScope.cancelledCaught", () => {
  it("false while the body still runs, also after it met its Cancelled", async () => {
    const scope = new CancelScope();
    await scope.run(async () => {
      scope.cancel();
      await rejection(checkpoint());
      expect(scope.cancelledCaught).toBe(false);
      await checkpoint();
    });
    expect(scope.cancelledCaught).toBe(true);
  });

  it("false when the body swallowed its Cancelled and ended well", async () => {
    const scope = new CancelScope();
    const value = await scope.run(async () => {
      scope.cancel();
      await rejection(checkpoint());
      return "value";
    });
    expect(value).toBe("value");
    expect(scope.cancelledCaught).toBe(false);
  });

  it("false when the body turned its Cancelled into an error", async () => {
    const scope = new CancelScope();
    const error = await rejection(
      scope.run(async () => {
        scope.cancel();
        await checkpoint().catch((cause: unknown) => {
          throw new Error("could not load", { cause });
        });
      }),
    );
    expect(error).toEqual(new Error("could not load"));
    expect(scope.cancelledCaught).toBe(false);
  });
});

describe("what a scope swallows (DESIGN 4.6)", () => {
  /** Runs a body that ends with `make(Cancelled)` in a cancelled scope. */
  async function leavingWith(
    make: (cancelled: unknown) => unknown,
    useSignal = false,
  ): Promise<{ scope: CancelScope; error?: unknown }> {
    const scope = new CancelScope();
    if (useSignal) void scope.signal;
    try {
      await scope.run(async () => {
        scope.cancel();
        throw make(await rejection(checkpoint()));
      });
      return { scope };
    } catch (error) {
      return { scope, error };
    }
  }

  const abortError = (options?: ErrorOptions): Error =>
    Object.assign(new Error("aborted", options), { name: "AbortError" });

  it.each<[string, (cancelled: unknown) => unknown]>([
    ["a Cancelled", (cancelled) => cancelled],
    ["an abort error that was caused by one", (cause) => abortError({ cause })],
    ["a group of nothing else", (cancelled) => new AggregateError([cancelled, cancelled])],
    ["nested groups of nothing else", (cancelled) => new AggregateError([new AggregateError([cancelled])])],
  ])("swallows %s", async (_name, make) => {
    const { scope, error } = await leavingWith(make);
    expect(error).toBeUndefined();
    expect(scope.cancelledCaught).toBe(true);
  });

  it.each<[string, (cancelled: unknown) => unknown]>([
    ["an error that merely wraps one", (cause) => new Error("wrapped", { cause })],
    ["an abort error with a foreign cause", () => abortError({ cause: new Error("theirs") })],
    ["a group without members", () => new AggregateError([])],
  ])("does not swallow %s", async (_name, make) => {
    const { scope, error } = await leavingWith(make, true);
    expect(error).toBeInstanceOf(Error);
    expect(scope.cancelledCaught).toBe(false);
  });

  it("swallows an abort error without a cause only if a signal was given out", async () => {
    expect((await leavingWith(() => abortError())).error).toEqual(abortError());
    expect((await leavingWith(() => abortError(), true)).scope.cancelledCaught).toBe(true);
  });

  it.each([
    ["as axios makes it", { name: "CanceledError", code: "ERR_CANCELED", message: "canceled" }],
    ["by Node's code", { name: "Error", code: "ABORT_ERR", message: "The operation was aborted" }],
  ])("swallows an abort error without a cause, %s", async (_name, parts) => {
    const { scope, error } = await leavingWith(() => Object.assign(new Error(), parts), true);
    expect(error).toBeUndefined();
    expect(scope.cancelledCaught).toBe(true);
  });

  it("takes the cancellation out of an AggregateError and raises the rest; that counts as caught", async () => {
    const real = new Error("real");
    const { scope, error } = await leavingWith(
      (cancelled) => new AggregateError([cancelled, real], "several", { cause: "why" }),
    );
    expect(error).toBeInstanceOf(AggregateError);
    expect(error).toMatchObject({ message: "several", cause: "why", errors: [real] });
    expect(scope.cancelledCaught).toBe(true);
  });

  it("leaves a group without any cancellation as it is; nothing was caught", async () => {
    const group = new AggregateError([new Error("real")]);
    const { scope, error } = await leavingWith(() => group);
    expect(error).toBe(group);
    expect(scope.cancelledCaught).toBe(false);
  });

  it("await using: cleanup that fails while a cancellation unwinds is the error that remains", async () => {
    const failure = new Error("close failed");
    const scope = new CancelScope();
    const error = await rejection(
      scope.run(async () => {
        await using _resource = {
          async [Symbol.asyncDispose]() {
            throw failure;
          },
        };
        scope.cancel();
        await checkpoint();
      }),
    );
    expect(error).toBe(failure); // freed of the SuppressedError around it and the Cancelled
    expect(scope).toMatchObject({ cancelCalled: true, cancelledCaught: true });
  });

  it("await using: a checkpoint in the cleanup raises too, and both cancellations are swallowed", async () => {
    const scope = new CancelScope();
    const value = await scope.run(async () => {
      await using _resource = {
        async [Symbol.asyncDispose]() {
          await checkpoint();
        },
      };
      scope.cancel();
      await checkpoint();
      return "never";
    });
    expect(value).toBeUndefined();
    expect(scope.cancelledCaught).toBe(true);
  });

  it("await using: an error of the body, with a Cancelled from its cleanup, is the error", async () => {
    const failure = new Error("body");
    const error = await rejection(
      new CancelScope().run(async (scope) => {
        await using _resource = {
          async [Symbol.asyncDispose]() {
            await checkpoint();
          },
        };
        scope.cancel();
        throw failure;
      }),
    );
    expect(error).toBe(failure);
  });

  it("Promise.all in a cancelled scope unwinds as one cancellation", async () => {
    const scope = new CancelScope();
    const ended = scope.run(() => Promise.all([sleepForever(), sleep(1e6), sleepForever()]));
    scope.cancel();
    expect(await ended).toBeUndefined();
  });

  it("Promise.any in a cancelled scope, too: its AggregateError holds nothing else", async () => {
    expect(await moveOnAfter(1, () => Promise.any([sleepForever(), sleepForever()]))).toBeUndefined();
  });
});

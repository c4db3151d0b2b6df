import {
  Cancelled,
  checkpoint,
  isCancelled,
  MisuseError,
  rethrowIfCancelled,
  run,
  sleep,
} from "@espalier/core";
import {
  abort,
  type CancelStatus,
  currentStatus,
  liveSignalOf,
  makeCancelled,
  runIn,
  signalOf,
  unwind,
} from "@espalier/core/lowlevel";
import { once, EventEmitter, getEventListeners } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { rejection } from "@espalier/test-support";
import { describe, expect, expectTypeOf, it } from "vitest";

import { cancel, inCancelledScope, open, scope } from "./support/scope.ts";

const ours = (): Cancelled => makeCancelled({ source: "explicit", scope: "s" });

function abortError(
  options: ErrorOptions & { readonly code?: string; readonly name?: string; readonly reason?: unknown } = {},
): Error {
  const error = new Error(
    "The operation was aborted",
    "cause" in options ? { cause: options.cause } : undefined,
  );
  error.name = options.name ?? "AbortError";
  if (options.code !== undefined) Object.assign(error, { code: options.code });
  if ("reason" in options) Object.assign(error, { reason: options.reason });
  return error;
}

/** As `using` compiled by esbuild or TypeScript makes it where the class is missing. */
function compiledSuppressed(error: unknown, suppressed: unknown): Error {
  return Object.assign(new Error("An error was suppressed during disposal"), {
    name: "SuppressedError",
    error,
    suppressed,
  });
}

/** As the platform has it, on its prototype. */
class NativeLikeSuppressedError extends Error {
  readonly error: unknown;
  readonly suppressed: unknown;
  constructor(error: unknown, suppressed: unknown) {
    super("suppressed");
    Object.defineProperty(this, "error", { value: error, enumerable: false });
    Object.defineProperty(this, "suppressed", { value: suppressed, enumerable: false });
    this.error = error;
    this.suppressed = suppressed;
  }
}
Object.defineProperty(NativeLikeSuppressedError.prototype, "name", { value: "SuppressedError" });

const suppressions = [
  ["compiled", compiledSuppressed],
  ["native-like", (error: unknown, suppressed: unknown) => new NativeLikeSuppressedError(error, suppressed)],
] as const;

describe("isCancelled", () => {
  it("a Cancelled is", () => {
    expect(isCancelled(ours())).toBe(true);
  });

  it("anything else is not", () => {
    for (const other of [
      undefined,
      null,
      0,
      "Cancelled",
      Symbol("Cancelled"),
      () => undefined,
      {},
      { name: "Cancelled" },
      Object.create(null),
      new Error("Cancelled"),
      Object.assign(new Error("x"), { name: "Cancelled" }),
      Cancelled,
    ]) {
      expect(isCancelled(other)).toBe(false);
    }
  });

  it("an error that merely has a Cancelled as its cause is an error", () => {
    expect(isCancelled(new Error("could not load", { cause: ours() }))).toBe(false);
    expect(isCancelled(new AggregateError([new Error("x")], "several", { cause: ours() }))).toBe(false);
  });

  it("an abort error whose cause is ours is, wherever it is asked", () => {
    expect(isCancelled(abortError({ cause: ours() }))).toBe(true);
    expect(isCancelled(abortError({ cause: ours(), code: "ABORT_ERR" }))).toBe(true);
    expect(isCancelled(abortError({ cause: ours(), name: "CanceledError", code: "ERR_CANCELED" }))).toBe(
      true,
    );
    expect(isCancelled(abortError({ reason: ours() }))).toBe(true);
  });

  it("an abort error with a foreign cause never is", async () => {
    const foreign = abortError({ cause: new Error("the user's own controller") });
    expect(isCancelled(foreign)).toBe(false);
    await scope(async (status) => {
      void signalOf(status);
      cancel(status);
      expect(isCancelled(foreign)).toBe(false);
      expect(isCancelled(abortError({ cause: null }))).toBe(false);
      expect(isCancelled(abortError({ cause: "a string" }))).toBe(false);
    });
  });

  describe("an abort error without a cause", () => {
    const kinds: readonly [string, Error][] = [
      ["AbortError", abortError()],
      ["ABORT_ERR", abortError({ name: "Error", code: "ABORT_ERR" })],
      ["ERR_CANCELED", abortError({ name: "CanceledError", code: "ERR_CANCELED" })],
      ["DOMException", new DOMException("aborted", "AbortError")],
    ];

    it.each(kinds)("is ours when a signal that we gave out here has aborted: %s", async (_name, error) => {
      await scope((status) => {
        void signalOf(status);
        expect(isCancelled(error)).toBe(false);
        cancel(status);
        expect(isCancelled(error)).toBe(true);
      });
    });

    it.each(kinds)("is not ours when we gave out none: %s", async (_name, error) => {
      expect(isCancelled(error)).toBe(false);
      await scope((status) => {
        cancel(status);
        expect(isCancelled(error)).toBe(false);
      });
    });

    it("is ours when the signal was given out further out, or further in", async () => {
      await scope(async (outer) => {
        void signalOf(outer);
        await scope(() => {
          cancel(outer);
          expect(isCancelled(abortError())).toBe(true);
        });
      });
      await scope(async (outer) => {
        await scope((inner) => {
          void signalOf(inner);
        });
        const inner = open();
        void signalOf(inner);
        cancel(outer);
        expect(isCancelled(abortError())).toBe(true);
        inner.close();
      });
    });

    it("is not ours behind a shield", async () => {
      await scope(async (outer) => {
        void signalOf(outer);
        await scope(
          () => {
            cancel(outer);
            expect(isCancelled(abortError())).toBe(false);
          },
          { shield: true },
        );
      });
    });

    it("is not ours behind a shield that was cancelled itself", async () => {
      await scope(async (outer) => {
        void signalOf(outer);
        await scope(
          (inner) => {
            cancel(outer);
            cancel(inner);
            expect(isCancelled(abortError())).toBe(false);
          },
          { shield: true },
        );
      });
    });

    it("is not ours when a scope beside this one was cancelled", async () => {
      await scope((status) => {
        void signalOf(status);
        cancel(status);
      });
      await scope(() => {
        expect(isCancelled(abortError())).toBe(false);
      });
    });
  });

  describe("an aggregate", () => {
    const group = (...errors: unknown[]): AggregateError => new AggregateError(errors, "several");

    it("is when all its members are, nested ones too", () => {
      expect(isCancelled(group(ours()))).toBe(true);
      expect(isCancelled(group(ours(), abortError({ cause: ours() })))).toBe(true);
      expect(isCancelled(group(ours(), group(ours(), group(ours()))))).toBe(true);
      expect(isCancelled(group(compiledSuppressed(ours(), ours())))).toBe(true);
    });

    it("is not when one member is not", () => {
      expect(isCancelled(group(ours(), new Error("x")))).toBe(false);
      expect(isCancelled(group(ours(), group(ours(), "a string")))).toBe(false);
      expect(isCancelled(group(ours(), undefined))).toBe(false);
    });

    it("an empty one is not", () => {
      expect(isCancelled(group())).toBe(false);
      expect(isCancelled(group(ours(), group()))).toBe(false);
    });

    it("a cyclic one is not, and does not hang", () => {
      const cyclic = group(ours());
      cyclic.errors.push(cyclic);
      expect(isCancelled(cyclic)).toBe(false);
    });

    it("may hold the same member twice", () => {
      const inner = group(ours());
      expect(isCancelled(group(inner, inner))).toBe(true);
      const cancelled = ours();
      expect(isCancelled(group(cancelled, cancelled))).toBe(true);
      let doubled = group(ours());
      for (let i = 0; i < 100; i++) doubled = group(doubled, doubled); // 2^100 paths lead to the one Cancelled
      expect(isCancelled(doubled)).toBe(true);
    });

    it("is told by its errors, not by its class", () => {
      class MyGroup extends Error {
        readonly errors: unknown[] = [ours()];
      }
      expect(isCancelled(new MyGroup())).toBe(true);
      expect(isCancelled({ errors: [ours()] })).toBe(false); // no error at all
    });
  });

  describe.each(suppressions)("a %s SuppressedError", (_kind, suppressed) => {
    it("is when both halves are", () => {
      expect(isCancelled(suppressed(ours(), ours()))).toBe(true);
    });

    it("is not when one is not", () => {
      expect(isCancelled(suppressed(new Error("x"), ours()))).toBe(false);
      expect(isCancelled(suppressed(ours(), new Error("x")))).toBe(false);
    });
  });
});

describe("rethrowIfCancelled", () => {
  it("raises the very same error again if it is a cancellation", () => {
    for (const error of [ours(), abortError({ cause: ours() }), new AggregateError([ours()])]) {
      let raised: unknown;
      try {
        rethrowIfCancelled(error);
      } catch (again) {
        raised = again;
      }
      expect(raised).toBe(error);
    }
  });

  it("does nothing with any other", () => {
    for (const error of [new Error("x"), undefined, abortError()])
      expect(rethrowIfCancelled(error)).toBeUndefined();
    expectTypeOf(rethrowIfCancelled).parameters.toEqualTypeOf<[error: unknown]>();
  });
});

describe("unwind", () => {
  function inside<T>(body: (status: CancelStatus) => T): T {
    const outer = open({ name: "outer" });
    const status = open({ name: "inner", parent: outer });
    try {
      return body(status);
    } finally {
      status.close();
      outer.close();
    }
  }

  it("a block that was cancelled itself catches, and leaves normally", () => {
    inside((status) => {
      cancel(status);
      expect(unwind(status, ours(), "scope")).toEqual({ kind: "caught" });
    });
  });

  it("of several cancelled scopes the outermost one wins", () => {
    inside((status) => {
      cancel(status);
      cancel(status.parent!);
      const error = ours();
      expect(unwind(status, error, "scope")).toEqual({ kind: "cancelled", error });
      expect(unwind(status.parent!, error, "scope")).toEqual({ kind: "caught" });
    });
  });

  it("raises a real error, freed of what was only cancellation", () => {
    inside((status) => {
      cancel(status);
      const real = new Error("real");
      const mixed = new AggregateError([ours(), real, ours(), new AggregateError([ours()])], "several", {
        cause: "why",
      });
      const outcome = unwind(status, mixed, "scope");
      expect(outcome.kind).toBe("failed");
      const rest = (outcome as { error: AggregateError }).error;
      expect(rest).toBeInstanceOf(AggregateError);
      expect(rest).toMatchObject({ message: "several", cause: "why" });
      expect(rest.errors).toEqual([real]);
      expect(rest.errors[0]).toBe(real);
    });
  });

  it("frees a group inside a group, and drops what is left empty", () => {
    inside((status) => {
      cancel(status);
      const [a, b] = [new Error("a"), new Error("b")];
      const mixed = new AggregateError([new AggregateError([ours(), a]), b, new AggregateError([ours()])]);
      const outcome = unwind(status, mixed, "scope") as { error: AggregateError };
      expect(outcome.error.errors).toHaveLength(2);
      expect((outcome.error.errors[0] as AggregateError).errors).toEqual([a]);
      expect(outcome.error.errors[1]).toBe(b);
    });
  });

  it("lets a group that has nothing of ours pass as it is", () => {
    inside((status) => {
      cancel(status);
      const group = new AggregateError([new Error("a"), new AggregateError([])]);
      expect((unwind(status, group, "scope") as { error: unknown }).error).toBe(group);
    });
  });

  it("asks a group to derive the rest, so that its class is kept", () => {
    class MyGroup extends AggregateError {
      derive(errors: unknown[]): MyGroup {
        return new MyGroup(errors, this.message);
      }
    }
    inside((status) => {
      cancel(status);
      const outcome = unwind(status, new MyGroup([ours(), new Error("x")], "mine"), "scope") as {
        error: unknown;
      };
      expect(outcome.error).toBeInstanceOf(MyGroup);
    });
  });

  it.each(suppressions)(
    "gives the half of a %s SuppressedError that is a real error",
    (_kind, suppressed) => {
      inside((status) => {
        cancel(status);
        const real = new Error("real");
        expect(unwind(status, suppressed(ours(), real), "scope")).toEqual({ kind: "failed", error: real });
        expect(unwind(status, suppressed(real, ours()), "scope")).toEqual({ kind: "failed", error: real });
        const both = suppressed(real, new Error("too"));
        expect((unwind(status, both, "scope") as { error: unknown }).error).toBe(both);
        expect(unwind(status, suppressed(ours(), ours()), "scope")).toEqual({ kind: "caught" });
      });
    },
  );

  it.each(suppressions)(
    "frees the halves of a %s SuppressedError of what is only cancellation",
    (_kind, suppressed) => {
      inside((status) => {
        cancel(status);
        const [a, b] = [new Error("a"), new Error("b")];
        const outcome = unwind(status, suppressed(new AggregateError([ours(), a]), b), "scope") as {
          error: unknown;
        };
        const rest = outcome.error as { name: string; error: AggregateError; suppressed: unknown };
        expect(rest.name).toBe("SuppressedError");
        expect(rest.error.errors).toEqual([a]);
        expect(rest.suppressed).toBe(b);
      });
    },
  );

  it("an error that has a Cancelled as its cause is an error, in a cancelled scope too", () => {
    inside((status) => {
      cancel(status);
      const error = new Error("x", { cause: ours() });
      expect(unwind(status, error, "scope")).toEqual({ kind: "failed", error });
    });
  });

  it("an error that throws when it is looked at is an error, and ends its task", async () => {
    const hostile = [
      Object.defineProperty(new Error("errors"), "errors", { get: () => expect.unreachable() as unknown }),
      Object.defineProperty(new Error("name"), "name", { get: () => expect.unreachable() as unknown }),
      new Proxy(new Error("proxy"), { getPrototypeOf: () => expect.unreachable() as object }),
    ];
    for (const error of hostile) {
      expect(isCancelled(error)).toBe(false);
      let raised: unknown;
      await run(() => Promise.reject(error as Error)).catch((reason: unknown) => (raised = reason));
      expect(raised === error).toBe(true);
      await inCancelledScope(() => Promise.reject(error as Error)).catch(
        (reason: unknown) => (raised = reason),
      );
      expect(raised === error).toBe(true);
    }
  });

  it("keeps undefined apart from nothing", () => {
    inside((status) => {
      cancel(status);
      expect(unwind(status, undefined, "scope")).toEqual({ kind: "failed", error: undefined });
    });
  });

  it("lets a Cancelled pass through a scope that is not cancelled", () => {
    inside((status) => {
      const error = ours();
      expect(unwind(status, error, "scope")).toEqual({ kind: "cancelled", error });
    });
  });

  it("a task that was never cancelled fails when a stray Cancelled ends it, and is told why and what to do", () => {
    inside((status) => {
      const error = ours();
      const outcome = unwind(status, error, "task") as { kind: string; error: MisuseError };
      expect(outcome.kind).toBe("failed");
      expect(outcome.error).toBeInstanceOf(MisuseError);
      expect(outcome.error.cause).toBe(error);
      expect(outcome.error.message).toContain('"inner"');
      expect(outcome.error.message).toContain("memoised");
      expect(outcome.error.message).toContain("detached(");
    });
  });

  it("a task whose cancellation was lifted by a shield may end by the Cancelled of that time", () => {
    inside((status) => {
      cancel(status.parent!);
      status.setShield(true);
      const error = ours();
      expect(unwind(status, error, "task")).toEqual({ kind: "cancelled", error });
    });
  });

  it("law 1: in a program: the scope catches, what stands behind it goes on", async () => {
    const log: string[] = [];
    const value = await scope(async (status) => {
      cancel(status);
      await checkpoint();
      log.push("not reached");
      return "value";
    });
    expect([value, log]).toEqual([undefined, []]);
    await checkpoint();
  });

  it("in a program: an outer cancellation passes through an inner scope", async () => {
    const log: string[] = [];
    await scope(async (outer) => {
      await scope(async () => {
        cancel(outer);
        await checkpoint();
      });
      log.push("behind the inner scope");
      await checkpoint();
      log.push("not reached");
    });
    expect(log).toEqual([]);
  });
});

describe("signalOf", () => {
  it("aborts with our Cancelled when the status becomes cancelled, synchronously", () => {
    const status = open();
    const signal = signalOf(status);
    expect(signal.aborted).toBe(false);
    cancel(status, "why");
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toBeInstanceOf(Cancelled);
    expect((signal.reason as Cancelled).reason.reason).toBe("why");
  });

  it("is made once", () => {
    const status = open();
    expect(signalOf(status)).toBe(signalOf(status));
  });

  it("is aborted from the first when the status is cancelled already", () => {
    const status = open();
    cancel(status);
    expect(signalOf(status).aborted).toBe(true);
  });

  it("law 7: leaving a scope that was not cancelled does not abort it", () => {
    const before = open();
    const early = signalOf(before);
    before.close();
    const after = open();
    after.close();
    const late = signalOf(after);
    expect([early.aborted, late.aborted]).toEqual([false, false]);
  });

  it("of a scope that was cancelled and then left stays aborted, also when first asked for afterwards", () => {
    const status = open();
    cancel(status);
    status.close();
    expect(signalOf(status).aborted).toBe(true);
  });

  it("of a scope inside follows what is outside, and respects the shield", () => {
    const outer = open();
    const plain = signalOf(open({ parent: outer }));
    const behind = open({ parent: outer, shield: true });
    const shielded = signalOf(behind);
    cancel(outer);
    expect([plain.aborted, shielded.aborted]).toEqual([true, false]);
    behind.setShield(false);
    expect(shielded.aborted).toBe(true);
  });

  it("carries any number of listeners without a warning", () => {
    const warnings: unknown[] = [];
    const note = (warning: unknown): void => void warnings.push(warning);
    process.on("warning", note);
    const status = open();
    for (let i = 0; i < 50; i++) signalOf(status).addEventListener("abort", () => undefined);
    process.off("warning", note);
    expect(warnings).toEqual([]);
    status.close();
  });

  it("law 11: unwinds Node's own promises as a cancellation, and leaves no listener behind", async () => {
    const emitter = new EventEmitter();
    for (const wait of [
      (signal: AbortSignal) => delay(60_000, undefined, { signal }),
      (signal: AbortSignal) => once(emitter, "never", { signal }),
    ]) {
      const value = await scope(async (status) => {
        const signal = signalOf(status);
        setImmediate(() => cancel(status));
        try {
          await wait(signal);
          return "not reached";
        } finally {
          expect(getEventListeners(signal, "abort")).toHaveLength(0);
        }
      });
      expect(value).toBeUndefined();
    }
    expect(emitter.eventNames()).toEqual([]);
  });
});

describe("liveSignalOf", () => {
  it("is the signal of an open status", () => {
    const status = open();
    expect(liveSignalOf(status)).toBe(signalOf(status));
  });

  it("law 7: code that has outlived its scope finds it aborted", () => {
    const status = open({ name: "left" });
    const given = signalOf(status);
    status.close();
    const late = liveSignalOf(status);
    expect([given.aborted, late.aborted]).toEqual([false, true]);
    expect((late.reason as Cancelled).reason).toEqual({ source: "scope-closed", scope: "left" });
  });
});

describe("abort", () => {
  it("aborts a controller in the name of a status, so that errors without a cause are known as ours", async () => {
    await scope((status) => {
      const controller = new AbortController();
      cancel(status);
      expect(isCancelled(abortError())).toBe(false);
      abort(status, controller);
      expect(controller.signal.reason).toBeInstanceOf(Cancelled);
      expect(isCancelled(abortError())).toBe(true);
    });
  });
});

describe("a Cancelled that strays", () => {
  it("law 1: a promise that belongs to a cancelled scope raises wherever it is awaited", async () => {
    const status = open();
    const memoised = runIn(status, () => sleep(60_000));
    cancel(status);
    expect(currentStatus().cancelled).toBe(false);
    expect(isCancelled(await rejection(memoised))).toBe(true);
  });

  it("is not caught by a scope around that was not cancelled", async () => {
    const error = await rejection(scope(() => inCancelledScope(() => checkpoint())));
    expect(error).toBeInstanceOf(Cancelled);
  });
});

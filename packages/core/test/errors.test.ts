import {
  BrokenResourceError,
  BusyResourceError,
  Cancelled,
  type CancelReason,
  checkpoint,
  ClosedResourceError,
  DeadlockError,
  EndOfChannel,
  InternalError,
  MisuseError,
  WouldBlock,
} from "@espalier/core";
import { hasBrand, isInstance, makeCancelled } from "@espalier/core/lowlevel";
import { inspect, types } from "node:util";
import { rejection } from "@espalier/test-support";
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from "vitest";

import { Installation, onNode } from "./support/installed.ts";
import { inCancelledScope } from "./support/scope.ts";
import { textless } from "./support/textless.ts";

const classes = {
  BrokenResourceError,
  BusyResourceError,
  ClosedResourceError,
  DeadlockError,
  EndOfChannel,
  InternalError,
  MisuseError,
  WouldBlock,
};

describe.each(Object.entries(classes))("%s", (name, ErrorClass) => {
  it("is an error with its name, message and cause", () => {
    const cause = new Error("cause");
    const error = new ErrorClass("what happened", { cause });
    expect(error).toBeInstanceOf(Error);
    expect(error).toBeInstanceOf(ErrorClass);
    expect(types.isNativeError(error)).toBe(true);
    expect(error.name).toBe(name);
    expect(String(error)).toBe(`${name}: what happened`);
    expect(error.cause).toBe(cause);
    expect(error.stack).toContain("errors.test");
    expect(error.stack).toContain("what happened");
    expect(inspect(error)).toContain(`${name}: what happened`);
    expect("cause" in new ErrorClass("x")).toBe(false);
  });

  it("carries its brand as a static string, and is told by it", () => {
    expect(ErrorClass.brand).toBe(`espalier.${name}`);
    expect(hasBrand(new ErrorClass("x"), ErrorClass.brand)).toBe(true);
    for (const [other, OtherClass] of Object.entries(classes)) {
      expect(new ErrorClass("x") instanceof OtherClass, `${name} instanceof ${other}`).toBe(name === other);
    }
    expect(new Error("x") instanceof ErrorClass).toBe(false);
    for (const odd of [undefined, null, 0, "", {}, Object.create(null), () => undefined, Symbol("x")]) {
      expect((odd as unknown) instanceof ErrorClass).toBe(false);
    }
  });

  it("can be subclassed: a subclass is one of them, and not the other way round", () => {
    class Special extends (ErrorClass as typeof MisuseError) {}
    const special = new Special("x");
    expect(special).toBeInstanceOf(Special);
    expect(special).toBeInstanceOf(ErrorClass);
    expect(new ErrorClass("x") instanceof Special).toBe(false);
  });

  it("can be given another name, as a subclass does in its constructor; it prints as for any error", () => {
    class Special extends (ErrorClass as typeof MisuseError) {
      constructor(message: string) {
        super(message);
        this.name = "Special";
      }
    }
    const special = new Special("x");
    expect(String(special)).toBe("Special: x");
    expect(inspect(special)).not.toContain("name:");
    expect(new ErrorClass("x").name).toBe(name);
  });
});

describe("BrokenResourceError", () => {
  it("hands back what could not be sent", () => {
    expect(new BrokenResourceError("x", { unsent: 5 }).unsent).toBe(5);
    expect(new BrokenResourceError("x", { unsent: undefined })).toHaveProperty("unsent", undefined);
    expect(new BrokenResourceError("x").unsent).toBeUndefined();
  });
});

describe("hasBrand", () => {
  it("looks along the whole prototype chain, and at own statics only", () => {
    class Base {
      static readonly brand = "test.base";
    }
    class Derived extends Base {}
    class Other extends Base {
      static override readonly brand: "test.base" = "test.other" as "test.base";
    }
    expect(hasBrand(new Derived(), "test.base")).toBe(true);
    expect(hasBrand(new Other(), "test.base")).toBe(true);
    expect(hasBrand(new Other(), "test.other")).toBe(true);
    expect(hasBrand(new Base(), "test.other")).toBe(false);
    expect(hasBrand({ brand: "test.base" }, "test.base")).toBe(false);
  });
});

describe("isInstance", () => {
  it("keeps the ordinary rule for a class without a brand", () => {
    class Plain {}
    expect(isInstance(Plain, new Plain())).toBe(true);
    expect(isInstance(Plain, {})).toBe(false);
    expect(isInstance("no class", {})).toBe(false);
  });
});

describe("Cancelled", () => {
  const make = (reason: CancelReason): Cancelled => makeCancelled(reason);

  it("cannot be constructed, and says what to do instead", () => {
    const Constructor = Cancelled as unknown as new (...args: unknown[]) => Cancelled;
    expect(() => new Constructor()).toThrow(TypeError);
    expect(() => new Constructor({ source: "explicit" })).toThrow("scope.cancel(reason)");
    expect(() => new Constructor({ source: "explicit" }, Symbol("guess"))).toThrow(TypeError);
    expect(() => Reflect.construct(Cancelled, [{ source: "explicit" }]) as unknown).toThrow(TypeError);
  });

  it("is a native error with its name and its reason", () => {
    const reason: CancelReason = { source: "deadline", scope: "request" };
    const cancelled = make(reason);
    expect(types.isNativeError(cancelled)).toBe(true);
    expect(cancelled).toBeInstanceOf(Cancelled);
    expect(cancelled.name).toBe("Cancelled");
    expect(cancelled.reason).toBe(reason);
    expect(String(cancelled)).toBe('Cancelled: cancelled: the deadline of "request" passed');
    expectTypeOf(cancelled.reason).toEqualTypeOf<CancelReason>();
  });

  const sentences: readonly [CancelReason, string][] = [
    [{ source: "explicit" }, "cancelled: cancel() was called"],
    [{ source: "explicit", scope: "a" }, 'cancelled: cancel() of "a" was called'],
    [
      { source: "explicit", scope: "a", reason: "user left" },
      'cancelled: cancel() of "a" was called (user left)',
    ],
    [{ source: "explicit", reason: new TypeError("bad") }, "cancelled: cancel() was called (TypeError: bad)"],
    [{ source: "explicit", reason: { code: 1 } }, "cancelled: cancel() was called (an object)"],
    [{ source: "explicit", reason: 42 }, "cancelled: cancel() was called (42)"],
    [{ source: "explicit", reason: null }, "cancelled: cancel() was called (an object)"],
    [{ source: "explicit", reason: Symbol("s") }, "cancelled: cancel() was called (Symbol(s))"],
    [{ source: "deadline" }, "cancelled: the deadline passed"],
    [
      { source: "nursery", scope: "n", reason: new Error("x") },
      'cancelled: the nursery of "n" is winding down (Error: x)',
    ],
    [{ source: "signal", reason: new Error("gone") }, "cancelled: the AbortSignal aborted (Error: gone)"],
    [{ source: "shutdown", reason: "SIGTERM" }, "cancelled: the program was asked to stop (SIGTERM)"],
  ];
  it.each(sentences)("says why: %o", (reason, sentence) => {
    expect(make(reason).message).toBe(sentence);
  });

  it.each(textless)("can be read whatever the reason is: %s", (_what, reason) => {
    const { message } = make({ source: "explicit", scope: "a", reason });
    expect(message).toMatch(
      /^cancelled: cancel\(\) of "a" was called \((an object|something that has no text)\)$/,
    );
    expect(String(make({ source: "nursery", reason }))).toContain("is winding down (");
  });

  it("names the remedy where code outlived its scope", () => {
    const { message } = make({ source: "scope-closed", scope: "request" });
    expect(message).toContain('outlived the scope "request"');
    expect(message).toContain("detached(");
  });

  it("says so where the scope has no name as well", () => {
    expect(make({ source: "scope-closed" }).message).toContain(
      "this code outlived its scope in which it began",
    );
  });

  // JavaScriptCore writes no header above a stack that was not captured.
  it.skipIf(process.versions["bun"] !== undefined)(
    "shows its message wherever an error is shown, although it captures no stack",
    () => {
      const cancelled = make({ source: "scope-closed", scope: "request" });
      for (const text of [cancelled.stack, inspect(cancelled)]) {
        expect(text).toContain('Cancelled: cancelled: this code outlived the scope "request"');
      }
      expect(cancelled.stack).not.toContain("\n    at ");
    },
  );

  it("leaves Error.stackTraceLimit as it was", () => {
    const before = Error.stackTraceLimit;
    try {
      for (const limit of [10, 0, 3]) {
        Error.stackTraceLimit = limit;
        make({ source: "explicit" });
        expect(Error.stackTraceLimit).toBe(limit);
      }
    } finally {
      Error.stackTraceLimit = before;
    }
    expect(new Error("x").stack).toContain("errors.test");
  });

  it("is a new one each time: nobody else's notes are on it", async () => {
    await inCancelledScope(async () => {
      const first = await rejection(checkpoint());
      const second = await rejection(checkpoint());
      expect(first).not.toBe(second);
      expect((first as Cancelled).reason).toBe((second as Cancelled).reason);
    });
  });
});

describe("a frozen Error", () => {
  let installation: Installation;
  beforeAll(async () => {
    installation = await Installation.make();
  });
  afterAll(() => {
    installation.remove();
  });

  const program = `
    import { Cancelled, checkpoint, run, sleep } from "@espalier/core";
    import { ambient, CancelStatus, currentStatus, runIn } from "@espalier/core/lowlevel";
    Object.freeze(Error); // after the import: it may be anybody's doing, at any time
    await run(async () => {
      const status = new CancelStatus("scope", "request", ambient, false).bind(currentStatus());
      status.cancel({ source: "explicit", reason: "enough" });
      const error = await runIn(status, () => checkpoint().catch((error) => error));
      console.log(error instanceof Cancelled, error.name, error.message);
      status.close();
      await sleep(1);
    });
  `;
  const says = "true Cancelled cancelled: cancel() was called (enough)\n";

  it.each([["0"], ["1"]])("does not keep a scope from being cancelled, ESPALIER_DEBUG=%s", async (debug) => {
    const ended = await installation.run(program, { env: { ESPALIER_DEBUG: debug } });
    expect([ended.code, ended.stdout, ended.stderr]).toEqual([0, says, ""]);
  });

  it.runIf(onNode)("nor do the other frozen intrinsics of Node", async () => {
    const ended = await installation.run(program, { args: ["--frozen-intrinsics", "--no-warnings"] });
    expect([ended.code, ended.stdout, ended.stderr]).toEqual([0, says, ""]);
  });
});

describe("a Cancelled that nobody handles", () => {
  let installation: Installation;
  beforeAll(async () => {
    installation = await Installation.make();
  });
  afterAll(() => {
    installation.remove();
  });

  it("law 7: ends the process with the scope's name and the remedy on stderr", async () => {
    const ended = await installation.run(`
      import { sleep } from "@espalier/core";
      import { ambient, CancelStatus, currentStatus, runIn } from "@espalier/core/lowlevel";
      const status = new CancelStatus("scope", "request", ambient, false).bind(currentStatus());
      runIn(status, () => {
        void (async () => {
          await new Promise((resolve) => setTimeout(resolve, 10));
          await sleep(1);
        })();
      });
      status.close();
    `);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain('this code outlived the scope "request"');
    expect(ended.stderr).toContain("detached(");
  });
});

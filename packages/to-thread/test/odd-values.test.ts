import { CancelScope } from "@espalier/cancel-scope";
import { CapacityLimiter } from "@espalier/sync";
import { eventually, rejection } from "@espalier/test-support";
import {
  carryStore,
  NotCloneableError,
  ThreadDiedError,
  threadLimiter,
  threadModule,
  ThreadModuleError,
  toThread,
} from "@espalier/to-thread";
import { AsyncLocalStorage } from "node:async_hooks";
import { afterEach, describe, expect, it } from "vitest";
import { begun, makeGate } from "./support/gate.ts";
import { work } from "./support/work.ts";

/*
 * Anything can be thrown, and any property may throw when it is looked at. Whatever it is, it must reach the one that it
 * concerns, and hurt nobody else.
 */

const onDeno = process.versions["deno"] !== undefined;

afterEach(async () => {
  await eventually(() => threadLimiter.borrowedTokens === 0);
});

/** An error one of whose properties throws. */
function mute(property: string): Error {
  return Object.defineProperty(new RangeError("as it was"), property, {
    get() {
      throw new TypeError(`no ${property}`);
    },
  });
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

describe("what a function throws", () => {
  for (const fn of [work.throwOdd, work.throwOddLater]) {
    it.each(["cause", "errors", "stack", "extra"])(
      `arrives although its %s throws (${fn.name})`,
      async (property) => {
        const error = await rejection(fn("mute", property));
        expect(error).toBeInstanceOf(RangeError);
        expect((error as Error).message).toBe("as it was");
      },
    );

    it(`arrives, whatever else it is (${fn.name})`, async () => {
      expect(await rejection(fn("mute", "message"))).toBeInstanceOf(RangeError);
      expect(await rejection(fn("mute", "name"))).toBeInstanceOf(RangeError);
      expect(await rejection(fn("mute", "constructor"))).toBeInstanceOf(RangeError);
      expect(await rejection(fn("unprintable"))).toEqual({});
      expect(await rejection(fn("revoked"))).toBeInstanceOf(NotCloneableError);
      expect(await rejection(fn("null"))).toBeNull();
    });
  }

  it("arrives with a chain of causes that is too long to send, without its end", async () => {
    const error = await rejection(work.throwOdd("chain", 20_000));
    expect((error as Error).message).toBe("a link");
    let length = 0;
    for (let each = error; each instanceof Error; each = each.cause) length++;
    expect(length).toBeGreaterThan(50);
  });

  it.runIf("SuppressedError" in globalThis)(
    "keeps what a disposal suppressed, and what it raised",
    async () => {
      const error = (await rejection(work.throwOdd("suppressed"))) as Error & {
        error: Error;
        suppressed: Error;
      };
      expect([error.name, error.message]).toEqual(["SuppressedError", "both"]);
      expect(error.error).toBeInstanceOf(RangeError);
      expect(error.error.message).toBe("while closing");
      expect(error.suppressed).toBeInstanceOf(TypeError);
    },
  );
});

describe("what a function returns", () => {
  it("may throw anything when it is looked at", async () => {
    expect(await rejection(work.resultThatThrowsNull())).toBeInstanceOf(NotCloneableError);
    expect(await rejection(work.resultWithHostileThen())).toMatchObject({
      name: "RangeError",
      message: "no then",
    });
  });
});

describe("what ends a thread", () => {
  it.each([
    ["null", null, /nobody caught there: null/],
    ["undefined", undefined, /nobody caught there: undefined/],
    ["string", "a string", /nobody caught there: a string/],
  ])("may be %s: the call gets it", async (kind, value, message) => {
    const error = await rejection(work.crashWithOdd(kind));
    expect(error).toBeInstanceOf(ThreadDiedError);
    if (onDeno) return; // it makes an error of its own of whatever was thrown
    expect((error as Error).message).toMatch(message);
    expect((error as Error).cause).toBe(value);
  });

  it("may be an object without a text, and is told as a warning when no call runs", async () => {
    expect(await rejection(work.crashWithOdd("unprintable"))).toBeInstanceOf(ThreadDiedError);
    for (const kind of ["unprintable", "null", "undefined"]) {
      const warned = new Promise<Error>((resolve) => process.once("warning", resolve));
      await work.crashAfterwards(kind);
      expect((await warned).message).toContain("ended, while it ran no call, by an error");
    }
  });
});

describe("what a module throws while it is loaded", () => {
  it("may be an object without a text", async () => {
    const module = threadModule<{ add(): void }>(new URL("./fixtures/hostile.mjs", import.meta.url));
    const error = await rejection(module.add());
    expect(error).toBeInstanceOf(ThreadModuleError);
    expect((error as Error).message).toContain("could not be loaded in a thread");
  });
});

describe("what an argument throws when it is looked at", () => {
  it.each([
    ["null", null, "null"],
    ["a string", "not today", "not today"],
    ["an object without a text", Object.create(null) as unknown, "no text"],
    ["an error without a message", mute("message"), "no text"],
  ])("may be %s: the call is told, and its token comes back", async (_what, thrown, message) => {
    const limiter = new CapacityLimiter(1);
    const argument = {
      get value(): never {
        throw thrown;
      },
    };
    const error = await rejection(toThread(work.echo, [argument], { limiter }));
    expect(error).toBeInstanceOf(NotCloneableError);
    expect((error as Error).message).toContain(message);
    expect((error as Error).cause).toBe(thrown);
    expect(limiter.borrowedTokens).toBe(0);
    expect(await toThread(work.add, [1, 2], { limiter })).toBe(3);
  });

  it("may be nothing, but another call", async () => {
    let inner: Promise<number> | undefined;
    const argument = {
      get value() {
        inner ??= work.add(1, 2);
        return "seen";
      },
    };
    expect(await work.echo(argument)).toEqual({ value: "seen" });
    expect(await inner).toBe(3);
  });
});

describe("what a callback throws", () => {
  it.each([
    ["an error without a message", mute("message")],
    ["an error without a stack", mute("stack")],
    ["an error that is sealed", Object.seal(new RangeError("sealed"))],
    ["a proxy that was revoked", revoked()],
    ["an object without a text", Object.create(null) as object],
  ])("comes back out as itself: %s", async (_what, thrown) => {
    const fail = () => {
      throw thrown;
    };
    const later = () => Promise.reject(thrown as Error);
    // Compared at once: a promise, or expect(), would look at it.
    const isIt = (error: unknown) => error === thrown;
    expect(await work.call(fail).catch(isIt)).toBe(true);
    expect(await work.callAsync(later).catch(isIt)).toBe(true);
  });
});

describe("what a callback returns", () => {
  it("may throw anything when it is looked at", async () => {
    const hostileThen = {
      get then(): never {
        throw new RangeError("no then");
      },
    };
    await expect(work.call(() => hostileThen)).rejects.toThrow("no then");
    const hostileValue = {
      get value(): never {
        throw null;
      },
    };
    await expect(work.call(() => hostileValue)).rejects.toBeInstanceOf(NotCloneableError);
    await expect(work.call(() => Promise.resolve(hostileValue))).rejects.toBeInstanceOf(NotCloneableError);
    expect(await work.call(() => 1)).toBe(1);
  });
});

describe("the reason of a cancellation", () => {
  it.each([
    ["an error without a message", mute("message")],
    ["a proxy that was revoked", revoked()],
    ["a function", () => undefined],
  ])("may be %s", async (_what, reason) => {
    const gate = makeGate();
    const scope = new CancelScope();
    const left = scope.run(() => work.spinUntilCancelled(gate));
    await begun(gate);
    scope.cancel(reason);
    await left;
    expect(scope.cancelledCaught).toBe(true);
  });
});

describe("carryStore", () => {
  it("refuses a key that could not cross", () => {
    expect(() => {
      carryStore(Symbol("key") as never, new AsyncLocalStorage());
    }).toThrow(TypeError);
  });
});

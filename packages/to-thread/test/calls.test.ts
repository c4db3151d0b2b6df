import { CancelScope } from "@espalier/cancel-scope";
import { CapacityLimiter } from "@espalier/sync";
import { eventually } from "@espalier/test-support";
import { threadLimiter, threadModule, ThreadModuleError, toThread } from "@espalier/to-thread";
import { checkCancelled, isMainThread } from "@espalier/to-thread/worker";
import { availableParallelism } from "node:os";
import { afterEach, describe, expect, it, vi } from "vitest";
import { begun, makeGate, open } from "./support/gate.ts";
import { work } from "./support/work.ts";

afterEach(async () => {
  await eventually(() => threadLimiter.borrowedTokens === 0);
});

describe("a function of a thread module", () => {
  it("runs in a thread and gives its value", async () => {
    expect(await work.add(1, 2)).toBe(3);
    expect(await work.onMainThread()).toBe(false);
    expect(isMainThread).toBe(true);
  });

  it("may be async, and may be the default export", async () => {
    expect(await work.later({ a: [1, new Date(0)] })).toEqual({ a: [1, new Date(0)] });
    expect(await work.default()).toBe("default");
  });

  it("keeps the results of many calls apart", async () => {
    const sums = await Promise.all(
      Array.from({ length: 500 }, (_, i) => (i % 3 === 0 ? work.later(i) : work.add(i, 0))),
    );
    expect(sums).toEqual(Array.from({ length: 500 }, (_, i) => i));
  });

  it("takes options through toThread", async () => {
    const limiter = new CapacityLimiter(1);
    expect(await toThread(work.add, [1, 2], { limiter, onCancel: "abandon" })).toBe(3);
    expect(limiter.borrowedTokens).toBe(0);
  });
});

describe("threadModule", () => {
  it("is no thenable, and gives the same function each time", async () => {
    expect(await Promise.resolve(work)).toBe(work);
    expect((work as { then?: unknown }).then).toBeUndefined();
    expect(work.add).toBe(work.add);
    expect(work.add.name).toBe("add");
    expect(JSON.stringify(work)).toBe("{}");
    expect(Object.prototype.toString.call(work)).toBe("[object Object]");
  });

  it("refuses what is not the address of a file", () => {
    expect(() => threadModule("./x.js")).toThrow(/new URL\(/);
    const source = "data:text/javascript,export const a = 1";
    expect(() => threadModule(source)).toThrow(/no source text/);
    expect(() => threadModule(new URL(source))).toThrow(/no source text/);
    expect(() => threadModule(undefined as never)).toThrow(TypeError);
  });

  it.each([
    ["a module that is not there", "not-there.mjs", /not-there\.mjs was not found/],
    ["a module that throws", "broken.mjs", /could not be loaded.*thrown while loading/],
    ["a module whose import is not there", "lost-import.mjs", /could not be loaded|was not found/],
  ])("tells of %s, to that call, and the pool lives on", async (_what, file, message) => {
    const module = threadModule<{ add(a: number, b: number): number }>(
      new URL(`./fixtures/${file}`, import.meta.url),
    );
    const error: unknown = await module.add(1, 2).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ThreadModuleError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).cause).toBeInstanceOf(Error);
    expect(await work.add(1, 2)).toBe(3);
  });

  it("tells of an export that is not there, or is no function", async () => {
    const module = work as unknown as Record<string, () => Promise<unknown>>;
    await expect(module["nope"]?.()).rejects.toThrow(/exports no function "nope".*It exports .*add/);
    await expect(module["notAFunction"]?.()).rejects.toBeInstanceOf(ThreadModuleError);
    await expect((module.constructor as unknown as () => Promise<unknown>)()).rejects.toBeInstanceOf(
      ThreadModuleError,
    );
  });
});

describe("two installed copies", () => {
  it("can call each other's functions through one thread", async () => {
    vi.resetModules();
    const other = await import("@espalier/to-thread");
    const limiter = new CapacityLimiter(1); // one thread, of the other copy
    const address = new URL("./fixtures/work.mjs", import.meta.url);
    const theirs = other.threadModule<typeof import("./fixtures/work.mjs")>(address);
    const ours = threadModule<typeof import("./fixtures/work.mjs")>(new URL("?ours", address));
    // Functions are numbered when they are first asked for: the same numbers for others.
    void [theirs.echo, theirs.add];
    void [ours.add, ours.echo];
    for (let i = 0; i < 2; i++) {
      expect(await other.toThread(theirs.add, [1, 2], { limiter })).toBe(3);
      expect(await other.toThread(ours.add, [3, 4], { limiter })).toBe(7);
      expect(await other.toThread(ours.echo, ["a"], { limiter })).toBe("a");
      expect(await other.toThread(theirs.echo, ["b"], { limiter })).toBe("b");
    }
  });
});

describe("toThread", () => {
  it("rejects, and never throws, when it is misused", async () => {
    await expect(toThread((async () => 1) as never, [])).rejects.toThrow(/function of a thread module/);
    await expect(toThread(work.fail("heard by nobody") as never, [])).rejects.toThrow(/you passed a promise/);
    await expect(toThread(work.add, 1 as never)).rejects.toThrow(/as an array/);
    await expect(toThread(work.add, [1, 2], { onCancel: "never" as never })).rejects.toThrow(TypeError);
    await expect(toThread(work.add, [1, 2], { onCancel: { graceMs: -1 } })).rejects.toThrow(RangeError);
    await expect(toThread(work.add, [1, 2], { limiter: {} as never })).rejects.toThrow(/CapacityLimiter/);
    await expect(toThread(work.add, [1, 2], { transfer: 1 as never })).rejects.toThrow(TypeError);
  });
});

describe("threadLimiter", () => {
  it("has a token for each core, and decides how many run", async () => {
    expect(threadLimiter.totalTokens).toBe(availableParallelism());
    const limiter = new CapacityLimiter(2);
    const gates = Array.from({ length: 4 }, makeGate);
    const calls = gates.map((gate) => toThread(work.hold, [gate], { limiter }));
    await Promise.all([begun(gates[0]!), begun(gates[1]!)]);
    expect(limiter.borrowedTokens).toBe(2);
    expect([gates[2]![0], gates[3]![0]]).toEqual([0, 0]);
    limiter.totalTokens = 3; // assignable: the next one begins
    await begun(gates[2]!);
    expect(gates[3]![0]).toBe(0);
    gates.forEach(open);
    expect(await Promise.all(calls)).toEqual(["held", "held", "held", "held"]);
    expect(limiter.borrowedTokens).toBe(0);
  });

  it("gives a token to others who wait for one, before the calls behind them", async () => {
    const limiter = new CapacityLimiter(1);
    const first = makeGate();
    const call = toThread(work.hold, [first], { limiter });
    await begun(first);
    const order: string[] = [];
    const other = limiter.acquire().then((guard) => {
      order.push("other");
      return guard;
    });
    const behind = Array.from({ length: 5 }, () =>
      toThread(work.add, [1, 1], { limiter }).then(() => order.push("call")),
    );
    open(first);
    await call;
    (await other).release();
    await Promise.all(behind);
    expect(order[0]).toBe("other");
    expect(limiter.borrowedTokens).toBe(0);
  });
});

describe("a call that was sent ahead behind a long one", () => {
  it("is done by another thread that is free", async () => {
    const limiter = new CapacityLimiter(2);
    const long = makeGate();
    const short = makeGate();
    const first = toThread(work.hold, [long], { limiter });
    const second = toThread(work.hold, [short], { limiter });
    await Promise.all([begun(long), begun(short)]);
    // More than a thread has ahead, so that some are sent to each of the two.
    const behind = Array.from({ length: 20 }, (_, i) => toThread(work.add, [i, 0], { limiter }));
    open(short);
    expect(await Promise.all(behind)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(await second).toBe("held");
    open(long);
    expect(await first).toBe("held");
  });
});

describe("a limiter that gets several tokens at once", () => {
  it("puts no thread to work for a call that has just begun elsewhere", async () => {
    const limiter = new CapacityLimiter(1);
    const gates = [makeGate(), makeGate()] as const;
    const held = gates.map((gate) => toThread(work.hold, [gate], { limiter })); // the second is sent ahead
    await begun(gates[0]);
    open(gates[0]);
    while (Atomics.load(gates[1], 0) === 0); // it has begun, and this side does not know of it
    limiter.totalTokens = 5;
    expect(await toThread(work.add, [1, 2], { limiter })).toBe(3);
    open(gates[1]);
    expect(await Promise.all(held)).toEqual(["held", "held"]);
    await eventually(() => limiter.borrowedTokens === 0);
  });
});

describe("a thread that is busy", () => {
  it("is not sent more and more calls that are cancelled before it gets to them", async () => {
    const limiter = new CapacityLimiter(1);
    const gate = makeGate();
    const long = toThread(work.hold, [gate], { limiter });
    await begun(gate);
    let copies = 0;
    const argument = {
      get value() {
        return ++copies;
      },
    };
    for (let i = 0; i < 200; i++) {
      const scope = new CancelScope();
      const left = scope.run(() => toThread(work.echo, [argument], { limiter }));
      scope.cancel();
      await left;
    }
    expect(copies).toBeGreaterThan(0); // they are sent ahead
    expect(copies).toBeLessThan(50);
    const behind = toThread(work.add, [1, 2], { limiter });
    open(gate);
    expect(await long).toBe("held");
    expect(await behind).toBe(3);
    expect(limiter.statistics()).toMatchObject({ borrowedTokens: 0, tasksWaiting: 0 });
  });
});

describe("checkCancelled on the main thread", () => {
  it("looks at the scope around it", () => {
    expect(() => checkCancelled()).not.toThrow();
  });
});

import { CapacityLimiter } from "@espalier/sync";
import { threadLimiter, threadModule, ThreadModuleError, toThread } from "@espalier/to-thread";
import { checkCancelled, isMainThread } from "@espalier/to-thread/worker";
import { availableParallelism } from "node:os";
import { afterEach, describe, expect, it } from "vitest";
import { begun, makeGate, open, until } from "./support/gate.ts";
import { work } from "./support/work.ts";

afterEach(async () => {
  await until(() => threadLimiter.borrowedTokens === 0);
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
    expect(() => threadModule("data:text/javascript,export const a = 1")).toThrow(/no source text/);
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

describe("checkCancelled on the main thread", () => {
  it("looks at the scope around it", () => {
    expect(() => checkCancelled()).not.toThrow();
  });
});

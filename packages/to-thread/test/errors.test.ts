import { MisuseError } from "@espalier/core";
import { eventually } from "@espalier/test-support";
import { NotCloneableError, ThreadDiedError, toThread, threadLimiter } from "@espalier/to-thread";
import { CapacityLimiter } from "@espalier/sync";
import { afterEach, describe, expect, it } from "vitest";
import { begun, makeGate } from "./support/gate.ts";
import { work } from "./support/work.ts";

afterEach(async () => {
  await eventually(() => threadLimiter.borrowedTokens === 0);
});

async function errorOf(promise: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  return promise.then(
    () => Promise.reject(new Error("it did not fail")),
    (error: unknown) => error as Error & Record<string, unknown>,
  );
}

describe("an error that a function throws", () => {
  it("keeps its class name, message, cause and own properties, as the nearest class that is known", async () => {
    const error = await errorOf(work.fail("class"));
    expect(error).toBeInstanceOf(RangeError);
    expect(error.name).toBe("ParseError");
    expect(error.message).toBe("line 7");
    expect(error.cause).toBeInstanceOf(TypeError);
    expect((error.cause as Error).message).toBe("the cause");
    expect(error["row"]).toBe(7);
    expect(error["where"]).toEqual({ file: "a.txt" });
    expect(Object.keys(error).toSorted()).toEqual(["row", "where"]); // the function stayed behind
  });

  it("joins its stack to the caller's", async () => {
    const error = await errorOf(
      (async function theCaller() {
        return await work.fail("plain");
      })(),
    );
    expect(error.stack).toMatch(/work\.mjs/);
    expect(error.stack).toContain("called from another thread");
    if (process.versions["bun"] === undefined) expect(error.stack).toMatch(/theCaller[^]*errors\.test/);
  });

  it("keeps names, codes, groups and DOMExceptions", async () => {
    expect(await errorOf(work.fail("named"))).toMatchObject({
      name: "SomeName",
      message: "named",
      code: "E_SOME",
    });
    expect(await errorOf(work.fail("system"))).toMatchObject({ code: "ENOENT", errno: -2, syscall: "open" });
    const group = (await errorOf(work.fail("aggregate"))) as unknown as AggregateError;
    expect(group).toBeInstanceOf(AggregateError);
    expect(group.errors.map((each: Error) => [each.constructor.name, each.name, each.message])).toEqual([
      ["RangeError", "RangeError", "one"],
      ["RangeError", "ParseError", "line 2"],
    ]);
    const dom = await errorOf(work.fail("dom"));
    expect(dom).toBeInstanceOf(DOMException);
    expect(dom.name).toBe("NotFoundError");
  });

  it("may be a cycle, or no error at all", async () => {
    const cycle = await errorOf(work.fail("cycle"));
    expect(cycle.cause).toBe(cycle);
    expect(await errorOf(work.fail("string"))).toBe("just a string");
    expect(await errorOf(work.fail("undefined"))).toBeUndefined();
    expect(await errorOf(work.fail("function"))).toBeInstanceOf(NotCloneableError);
  });

  it("is ours where it was ours", async () => {
    await work.keep(() => undefined);
    const limiter = new CapacityLimiter(1);
    await toThread(work.keep, [() => undefined], { limiter });
    expect(await errorOf(toThread(work.callKept, [], { limiter }))).toBeInstanceOf(MisuseError);
  });
});

describe("a value that cannot be cloned", () => {
  it("is told to that call, whether it is an argument or a result", async () => {
    const argument = await errorOf(work.echo({ fn: () => 1 }));
    expect(argument).toBeInstanceOf(NotCloneableError);
    expect(argument.message).toMatch(/arguments of "echo".*argument of its own/);
    expect(await errorOf(work.echo(Symbol("x")))).toBeInstanceOf(NotCloneableError);
    expect(await errorOf(work.notCloneable())).toBeInstanceOf(NotCloneableError);
    const result = await errorOf(work.notCloneableInside());
    expect(result).toBeInstanceOf(NotCloneableError);
    expect(result.message).toMatch(/result cannot be cloned/i);
    for (const { message } of [argument, result]) expect(message).not.toContain(".."); // the cause has a period of its own
    expect(await work.add(1, 2)).toBe(3);
  });
});

describe("a thread that ends in the middle of a call", () => {
  it.each([
    ["process.exit", () => work.exit(3), /process\.exit/, undefined],
    ["a timer that throws", () => work.crashInTimer(), /nobody caught.*thrown by a timer/, RangeError],
    ["a rejection that nobody heard", () => work.rejectUnheard(), /rejected, unheard/, RangeError],
  ])("by %s: told to that call and to no other", async (_by, call, message, cause) => {
    const dying = call();
    const others = Array.from({ length: 20 }, (_, i) => work.add(i, 0));
    const error = await errorOf(dying);
    expect(error).toBeInstanceOf(ThreadDiedError);
    expect(error.message).toMatch(message);
    if (cause !== undefined) expect(error.cause).toBeInstanceOf(Error);
    expect(await Promise.all(others)).toEqual(others.map((_, i) => i));
  });

  it("keeps the exit code", async () => {
    expect(await errorOf(work.exit(3))).toMatchObject({ name: "ThreadDiedError", exitCode: 3 });
  });

  it("gives what was sent ahead to another thread", async () => {
    const limiter = new CapacityLimiter(1);
    const gate = makeGate();
    const dying = toThread(work.call, [() => begun(gate)], { limiter });
    const exit = toThread(work.exit, [0], { limiter });
    const behind = Array.from({ length: 3 }, (_, i) => toThread(work.add, [i, 0], { limiter }));
    Atomics.store(gate, 0, 1);
    await dying;
    expect(await errorOf(exit)).toBeInstanceOf(ThreadDiedError);
    expect(await Promise.all(behind)).toEqual([0, 1, 2]);
  });
});

import { inspect } from "node:util";

import { describe, expect, it } from "vitest";

import { runMain } from "@espalier/signals";

/** What `runMain` prints when its main function throws something. */
async function printed(thrown: unknown): Promise<string> {
  const lines: string[] = [];
  const codes: number[] = [];
  const { error } = console;
  console.error = (text: string) => lines.push(text);
  try {
    await runMain(() => Promise.reject(thrown as Error), { exit: (code) => codes.push(code) });
  } finally {
    console.error = error;
  }
  expect(codes).toEqual([1]);
  return lines.join("\n");
}

const hostile = (): never => {
  throw new Error("hostile");
};

describe("what runMain prints of an error", () => {
  it("has the members of groups, their causes, and what a disposal suppressed", async () => {
    const suppressed = Object.assign(new Error("both"), {
      name: "SuppressedError",
      error: new Error("the file would not close"),
      suppressed: new Error("no such row"),
    });
    const text = await printed(
      new AggregateError([new Error("first", { cause: new TypeError("why") }), suppressed], "two failed"),
    );
    const order = [
      "AggregateError: two failed",
      "[1 of 2]",
      "Error: first",
      "[caused by]",
      "TypeError: why",
      "[2 of 2]",
      "[raised while cleaning up]",
      "Error: the file would not close",
      "[suppressed by it]",
      "Error: no such row",
    ].map((part) => text.indexOf(part));
    expect(order).not.toContain(-1);
    expect(order).toEqual([...order].sort((a, b) => a - b));
  });

  it.each([
    ["undefined in a group", new AggregateError([undefined]), "undefined (thrown; it is not an Error)"],
    ["null", null, "null (thrown; it is not an Error)"],
    ["a string", "no luck", "no luck (thrown; it is not an Error)"],
    ["an object that is no text", { toString: hostile }, "(thrown; it is not an Error)"],
    [
      "an object that throws when it is printed",
      { [inspect.custom]: hostile, toString: hostile },
      "cannot be printed",
    ],
    [
      "a proxy that throws",
      new Proxy({}, { getPrototypeOf: hostile, get: hostile }),
      "(thrown; it is not an Error)",
    ],
    ["a cause that throws", Object.defineProperty(new Error("x"), "cause", { get: hostile }), "Error: x"],
    ["a stack that throws", Object.defineProperty(new Error("x"), "stack", { get: hostile }), "Error: x"],
    ["a message that is a symbol", Object.assign(new Error(), { message: Symbol("s") }), "Error: Symbol(s)"],
    ["members that throw", Object.defineProperty(new Error("x"), "errors", { get: hostile }), "Error: x"],
    ["a stack that is no text", Object.assign(new Error("x"), { stack: 7 }), "Error: x"],
  ])("survives %s", async (_, thrown, expected) => {
    expect(await printed(new Error("outer", { cause: thrown }))).toContain(expected);
  });

  it("shows what is in an object that was thrown and is no error", async () => {
    const text = await printed({ status: 503, detail: "the disk is full" });
    expect(text).toMatch(/status: 503[^]*the disk is full[^]*\(thrown; it is not an Error\)/);
  });

  it("describes an error once that is its own cause", async () => {
    const error = new Error("ouroboros");
    error.cause = error;
    expect(await printed(error)).toMatch(/\[caused by\]\n +Error: ouroboros \(described above\)$/);
  });

  it("says what it leaves out of a very long chain, and of a very large group", async () => {
    let chain = new Error("the root");
    for (let i = 0; i < 20_000; i++) chain = new Error("a link", { cause: chain });
    const deep = await printed(chain);
    expect(deep).toMatch(/\(what is below it is left out\)$/);
    expect(deep.length).toBeLessThan(1_000_000);
    const members = Array.from({ length: 50_000 }, (_, i) => new Error(`member ${i}`));
    const large = await printed(new AggregateError(members, "all of them"));
    expect(large).toContain("[100 of 50000]");
    expect(large).toContain("[49900 more are left out]");
    expect(large.length).toBeLessThan(1_000_000);
  });
});

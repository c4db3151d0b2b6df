import { currentTime } from "@espalier/core";
import {
  ambient,
  captureOutcome,
  checkBody,
  checkBoolean,
  checkDuration,
  checkOptions,
  checkTime,
  isThenable,
  makeCancelled,
  type Outcome,
  unwrapOutcome,
} from "@espalier/core/lowlevel";
import { turns, unhandledDuring } from "@espalier/test-support";
import { describe, expect, expectTypeOf, it } from "vitest";

describe("checkBody", () => {
  it("accepts functions of every kind", () => {
    for (const body of [() => 5, async () => 5, function named() {}, class {}]) {
      expect(() => checkBody(body, "f")).not.toThrow();
    }
  });

  it("law 13: a promise gets a message of its own, with the remedy", () => {
    const check = (): void => checkBody(Promise.resolve(), "nursery.startSoon");
    expect(check).toThrow(TypeError);
    expect(check).toThrow(
      "nursery.startSoon: you passed a promise; pass the function, not its result: () => work(), or work.",
    );
  });

  it("a refused promise may be cancelled unseen, but its errors stay unhandled", async () => {
    const refuse = (promise: Promise<unknown>): void => {
      expect(() => checkBody(promise, "f")).toThrow(TypeError);
    };
    const error = new Error("work failed");
    const unhandled = await unhandledDuring(async () => {
      refuse(Promise.reject(makeCancelled({ source: "explicit" })));
      refuse(Promise.reject(error));
      await turns(3);
    });
    expect(unhandled).toEqual([error]);
  });

  it.each([
    [undefined, "f needs a function, not undefined."],
    [null, "f needs a function, not null."],
    [5, "f needs a function, not a number."],
    ["x", "f needs a function, not a string."],
    [{}, "f needs a function, not an object."],
    [[], "f needs a function, not an array."],
    [true, "f needs a function, not a boolean."],
    [Symbol("x"), "f needs a function, not a symbol."],
  ])("law 13: %o: %s", (body, says) => {
    expect(() => checkBody(body, "f")).toThrow(new TypeError(says));
  });
});

describe("checkDuration", () => {
  it("accepts 0 and more, Infinity included", () => {
    for (const ms of [0, -0, 0.001, 5, 1e15, Infinity]) expect(() => checkDuration(ms, "f")).not.toThrow();
  });

  it("law 13: refuses the rest", () => {
    for (const ms of [NaN, -1, -0.001, -Infinity]) expect(() => checkDuration(ms, "f")).toThrow(RangeError);
    for (const ms of ["5", null, undefined, 5n, new Date()])
      expect(() => checkDuration(ms, "f")).toThrow(TypeError);
  });
});

describe("checkTime", () => {
  it("accepts any time on the clock, past and infinite ones too", () => {
    for (const time of [0, -5, -Infinity, Infinity, currentTime(), 1e12]) {
      expect(() => checkTime(time, "f", ambient)).not.toThrow();
    }
  });

  it("law 13: says which clock is meant where it can only be Date.now()", () => {
    for (const time of [Date.now(), Date.now() + 5000, 1e12 + 1]) {
      expect(() => checkTime(time, "scope.deadline", ambient)).toThrow(RangeError);
      expect(() => checkTime(time, "scope.deadline", ambient)).toThrow("use currentTime() + milliseconds");
    }
  });

  it("law 13: refuses NaN and what is no number", () => {
    expect(() => checkTime(NaN, "f", ambient)).toThrow(new RangeError("f needs a time, not NaN."));
    expect(() => checkTime(new Date(), "f", ambient)).toThrow(TypeError);
  });
});

describe("checkOptions", () => {
  it("accepts objects with a name, the empty one too, with none, and no options at all", () => {
    for (const options of [{ name: "fetcher" }, { name: "" }, { name: undefined }, {}, undefined])
      expect(() => checkOptions(options, "f")).not.toThrow();
  });

  it("law 13: refuses other names", () => {
    for (const name of [null, 5, Symbol("x"), {}, () => "x"])
      expect(() => checkOptions({ name }, "f")).toThrow(TypeError);
    expect(() => checkOptions({ name: 5 }, "run")).toThrow(
      new TypeError("run.name needs a string, not a number."),
    );
  });

  it("law 13: refuses options that are no object, and says what could be", () => {
    for (const options of [null, 5, "fetcher", () => "x"])
      expect(() => checkOptions(options, "f")).toThrow(TypeError);
    expect(() => checkOptions("fetcher", "startSoon")).toThrow(
      new TypeError('startSoon takes its options as an object, such as { name: "..." }, not a string.'),
    );
    expect(() => checkOptions(5, "CancelScope", "{ timeout: 500 }")).toThrow(
      "such as { timeout: 500 }, not a number",
    );
  });
});

describe("checkBoolean", () => {
  it("law 13: refuses all but true and false", () => {
    for (const value of [true, false]) expect(() => checkBoolean(value, "f")).not.toThrow();
    for (const value of [undefined, null, 0, Object.create(null)])
      expect(() => checkBoolean(value, "f")).toThrow(TypeError);
    expect(() => checkBoolean("false", "start.daemon")).toThrow(
      new TypeError("start.daemon needs true or false, not a string."),
    );
  });
});

describe("isThenable", () => {
  it("is what await would wait for", () => {
    const callable = Object.assign(() => undefined, { then: () => undefined });
    for (const value of [Promise.resolve(), { then: () => undefined }, callable])
      expect(isThenable(value)).toBe(true);
    for (const value of [undefined, null, 5, "then", {}, { then: 5 }, () => undefined])
      expect(isThenable(value)).toBe(false);
  });
});

describe("captureOutcome and unwrapOutcome", () => {
  it("carry a value or an error across a border", async () => {
    const error = new Error("x");
    const bodies: [() => unknown, Outcome<unknown>][] = [
      [() => 5, { kind: "value", value: 5 }],
      [async () => 5, { kind: "value", value: 5 }],
      [() => Promise.reject(error), { kind: "error", error }],
      [
        () => {
          throw error;
        },
        { kind: "error", error },
      ],
    ];
    for (const [body, expected] of bodies) {
      const outcome = await captureOutcome(body);
      expect(outcome).toEqual(expected);
      if (outcome.kind === "value") expect(unwrapOutcome(outcome)).toBe(5);
      else expect(() => unwrapOutcome(outcome)).toThrow(error);
    }
    expectTypeOf(captureOutcome(() => 5)).toEqualTypeOf<Promise<Outcome<number>>>();
  });

  it("a Cancelled is an error like any other there", async () => {
    const cancelled = makeCancelled({ source: "explicit" });
    expect(await captureOutcome(() => Promise.reject(cancelled))).toEqual({
      kind: "error",
      error: cancelled,
    });
  });
});

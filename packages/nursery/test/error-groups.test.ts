import { flattenErrors, NurseryError, openNursery, splitError, unwrapSingle } from "@espalier/nursery";
import { inspect } from "node:util";
import { rejection } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

const [a, b, c, d] = ["a", "b", "c", "d"].map((name) => new Error(name)) as [Error, Error, Error, Error];
const group = (...errors: unknown[]): AggregateError => new AggregateError(errors, "several");
/** A group of an error and of itself. */
const cycle = (): AggregateError => {
  const cyclic = group(a);
  cyclic.errors.push(cyclic);
  return cyclic;
};
const isOneOf =
  (...errors: unknown[]) =>
  (error: unknown): boolean =>
    errors.includes(error);

/** The shape of an error: a group as the list of its members' shapes. */
const shape = (error: unknown): unknown =>
  error instanceof AggregateError ? error.errors.map(shape) : error;

describe("a NurseryError that is inspected", () => {
  it("is printed under its own name, also from the bundled package", () => {
    expect(inspect(new NurseryError([a], "1 error"))).toMatch(/^NurseryError: 1 error/);
  });
});

describe("splitError", () => {
  it("divides a group by its members; both halves keep the order", () => {
    const [matched, rest] = splitError(group(a, b, c, d), isOneOf(b, d));
    expect([shape(matched), shape(rest)]).toEqual([
      [b, d],
      [a, c],
    ]);
  });

  it("keeps the shape of nested groups, and drops what is left empty", () => {
    const nested = group(group(a, group(b)), c, group(d));
    const [matched, rest] = splitError(nested, isOneOf(b, c));
    expect([shape(matched), shape(rest)]).toEqual([
      [[[b]], c],
      [[a], [d]],
    ]);
  });

  it("a half without members is undefined, and the other is the very same error", () => {
    const nested = group(a, group(b));
    expect(splitError(nested, () => true)).toEqual([nested, undefined]);
    expect(splitError(nested, () => true)[0]).toBe(nested);
    expect(splitError(nested, () => false)[0]).toBeUndefined();
    expect(splitError(nested, () => false)[1]).toBe(nested);
  });

  it("a nested group that goes to one half as a whole stays the very same", () => {
    const inner = group(a, b);
    const [matched, rest] = splitError(group(inner, c), isOneOf(c));
    expect((rest as AggregateError).errors[0]).toBe(inner);
    expect(shape(matched)).toEqual([c]);
  });

  it("an error that is no group goes to one half as it is", () => {
    expect(splitError(a, isOneOf(a))).toEqual([a, undefined]);
    expect(splitError(a, isOneOf(b))).toEqual([undefined, a]);
    expect(splitError("a string", (error) => error === "a string")).toEqual(["a string", undefined]);
  });

  it("asks about members only, each once", () => {
    const asked: unknown[] = [];
    splitError(group(a, group(b, c)), (error) => {
      asked.push(error);
      return true;
    });
    expect(asked).toEqual([a, b, c]);
  });

  it("keeps a member that is undefined: somebody threw it", () => {
    const [matched, rest] = splitError(group(undefined, a), (error) => error === undefined);
    expect([shape(matched), shape(rest)]).toEqual([[undefined], [a]]);
  });

  it("an AggregateError without members is an error like any other: Promise.any([]) rejects with one", async () => {
    const empty = await rejection(Promise.any([]));
    expect((empty as AggregateError).errors).toEqual([]);
    expect(splitError(empty, () => true)).toEqual([empty, undefined]);
    const [matched, rest] = splitError(group(empty, a), isOneOf(a));
    expect([shape(matched), shape(rest)]).toEqual([[a], [[]]]);
    expect((rest as AggregateError).errors[0]).toBe(empty);
  });

  it("halves of a NurseryError are NurseryErrors, with its message; of an AggregateError they have its cause", async () => {
    const error = (await rejection(
      openNursery(
        (nursery) => {
          for (const each of [a, b]) nursery.startSoon(() => Promise.reject(each));
        },
        { name: "n" },
      ),
    )) as NurseryError;
    const [matched] = splitError(error, isOneOf(a));
    expect(matched).toBeInstanceOf(NurseryError);
    expect(matched).toMatchObject({ name: "NurseryError", message: error.message, errors: [a] });

    const foreign = new AggregateError([a, b], "foreign", { cause: c });
    const [half, other] = splitError(foreign, isOneOf(a));
    expect(half).toBeInstanceOf(AggregateError);
    expect(half).toMatchObject({ message: "foreign", cause: c });
    expect(other).toMatchObject({ message: "foreign", cause: c });
    expect(Object.hasOwn(splitError(group(a, b), isOneOf(a))[0] as object, "cause")).toBe(false);
  });

  it("asks a group that can derive others of its kind", () => {
    class MyGroup extends AggregateError {
      readonly mine = true;
      derive(errors: readonly unknown[]): MyGroup {
        return new MyGroup(errors, this.message);
      }
    }
    const [half] = splitError(new MyGroup([a, b], "mine"), isOneOf(b));
    expect(half).toBeInstanceOf(MyGroup);
    const odd = Object.assign(group(a, b), { derive: "not a function" });
    expect(shape(splitError(odd, isOneOf(b))[0])).toEqual([b]);
  });

  it("what merely looks like a group is none", () => {
    const lookalike = { errors: [a, b] };
    expect(splitError(lookalike, isOneOf(a))).toEqual([undefined, lookalike]);
  });

  it("asks about a group that holds itself as about an error, where it comes again", () => {
    const cyclic = cycle();
    const [matched, rest] = splitError(cyclic, isOneOf(a));
    expect((matched as AggregateError).errors).toEqual([a]);
    expect((rest as AggregateError).errors[0]).toBe(cyclic);
    expect(splitError(cyclic, () => true)[0]).toBe(cyclic);
  });

  it("passes on what the predicate throws", () => {
    expect(() =>
      splitError(group(a), () => {
        throw b;
      }),
    ).toThrow(b);
  });
});

describe("unwrapSingle", () => {
  it("gives the one error in a group, through nested groups", () => {
    expect(unwrapSingle(group(a))).toBe(a);
    expect(unwrapSingle(group(group(group(a))))).toBe(a);
    expect(unwrapSingle(group(undefined))).toBeUndefined();
  });

  it("stops at a group of several, or of none", () => {
    const several = group(a, b);
    const none = group();
    expect(unwrapSingle(several)).toBe(several);
    expect(unwrapSingle(group(group(several)))).toBe(several);
    expect(unwrapSingle(none)).toBe(none);
    expect(unwrapSingle(group(none))).toBe(none);
  });

  it("stops at a group that holds nothing but itself", () => {
    const cyclic = group();
    cyclic.errors.push(group(cyclic));
    expect(unwrapSingle(cyclic)).toBe(cyclic);
  });

  it("gives anything else as it is", () => {
    for (const each of [a, undefined, null, "text", { errors: [a] }]) expect(unwrapSingle(each)).toBe(each);
  });

  it("of a nursery with one failure is that failure", async () => {
    const error = await rejection(
      openNursery((outer) => {
        outer.startSoon(() => openNursery((inner) => void inner.startSoon(() => Promise.reject(a))));
      }),
    );
    expect(unwrapSingle(error)).toBe(a);
  });
});

describe("flattenErrors", () => {
  it("a group that holds itself stands for itself where it comes again", () => {
    const cyclic = cycle();
    expect(flattenErrors(cyclic)).toEqual([a, cyclic]);
    expect(flattenErrors(group(group(b), group(b)))).toEqual([b, b]);
  });

  it("lists all errors that are not groups, in order, out of nested groups", () => {
    expect(flattenErrors(group(a, group(b, group(c)), d))).toEqual([a, b, c, d]);
    expect(flattenErrors(group(group(group(undefined))))).toEqual([undefined]);
  });

  it("of anything else gives a list of just that", () => {
    for (const each of [a, undefined, null, "text"]) expect(flattenErrors(each)).toEqual([each]);
  });

  it("keeps an AggregateError without members", () => {
    const empty = group();
    expect(flattenErrors(empty)).toEqual([empty]);
    expect(flattenErrors(group(a, empty))).toEqual([a, empty]);
  });

  it("lists an error as often as it is there", () => {
    expect(flattenErrors(group(a, a, group(a)))).toEqual([a, a, a]);
  });
});

describe("NurseryError", () => {
  const failing = (errors: readonly unknown[], name = "n"): Promise<NurseryError> =>
    rejection(
      openNursery(
        (nursery) => {
          for (const error of errors) nursery.startSoon(() => Promise.reject(error));
        },
        { name },
      ),
    ) as Promise<NurseryError>;

  it("says how many, where, and what", async () => {
    expect((await failing([a])).message).toBe('1 error in the nursery "n": Error: a');
    expect((await failing([a, new TypeError("t")])).message).toBe(
      '2 errors in the nursery "n": Error: a; TypeError: t',
    );
    expect((await failing(["text", undefined])).message).toBe('2 errors in the nursery "n": text; undefined');
  });

  it("stays readable when many fail, or at length", async () => {
    const many = await failing(Array.from({ length: 1000 }, (_, i) => new Error(`number ${i}`)));
    expect(many.errors).toHaveLength(1000);
    expect(many.message).toMatch(/^1000 errors in the nursery "n": Error: number 0; .*; and 995 more$/);
    const long = await failing([new Error("x".repeat(10_000))]);
    expect(long.message.length).toBeLessThan(400);
  });

  it("whatever the members are, it can be made", async () => {
    const nameless = Object.defineProperty(new Error("x"), "message", {
      get: () => {
        throw new Error("message");
      },
    });
    const odd = [Object.create(null) as unknown, nameless, Symbol("s"), { toString: 5 }];
    const error = await failing(odd);
    expect(error.errors).toEqual(odd);
    expect(error.message).toContain("something that has no text");
  });

  it("is an Error, an AggregateError and itself, and has a stack", async () => {
    const error = await failing([a]);
    for (const type of [Error, AggregateError, NurseryError]) expect(error).toBeInstanceOf(type);
    expect(error.name).toBe("NurseryError");
    expect(String(error)).toBe('NurseryError: 1 error in the nursery "n": Error: a');
    expect(error.stack).toContain("NurseryError");
    expect(Object.keys(error)).toEqual([]);
  });
});

describe("the name of a NurseryError", () => {
  it("can be another one, as a subclass does in its constructor", () => {
    class Special extends NurseryError {
      constructor(errors: readonly unknown[]) {
        super(errors, "x");
        this.name = "Special";
      }
    }
    expect(String(new Special([a]))).toBe("Special: x");
    expect(Object.keys(new Special([a]))).toEqual([]);
    expect(new NurseryError([a], "x").name).toBe("NurseryError");
  });
});

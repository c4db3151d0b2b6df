import {
  abandonOnCancel,
  CancelScope,
  type CancelScopeOptions,
  currentSignal,
  failAfter,
  failAt,
  moveOnAfter,
  moveOnAt,
  shielded,
  type ShieldedOptions,
  type TimeLimit,
  withSignal,
} from "@espalier/cancel-scope";
import { describe, expectTypeOf, it } from "vitest";

// Compiled, not called: what they give is the point.
const text = async (): Promise<string> => "text";

describe("types", () => {
  it("a block that may catch its cancellation may give undefined", () => {
    expectTypeOf(() => new CancelScope().run(text)).returns.resolves.toEqualTypeOf<string | undefined>();
    expectTypeOf(() => moveOnAfter(1, text)).returns.resolves.toEqualTypeOf<string | undefined>();
    expectTypeOf(() => moveOnAt(1, text)).returns.resolves.toEqualTypeOf<string | undefined>();
  });

  it("a block that raises instead gives its value", () => {
    expectTypeOf(() => failAfter(1, text)).returns.resolves.toEqualTypeOf<string>();
    expectTypeOf(() => failAt(1, text)).returns.resolves.toEqualTypeOf<string>();
    expectTypeOf(() => shielded(text, { graceMs: 1 })).returns.resolves.toEqualTypeOf<string>();
    expectTypeOf(() => withSignal(text)).returns.resolves.toEqualTypeOf<string>();
    expectTypeOf(() => abandonOnCancel(text())).returns.resolves.toEqualTypeOf<string>();
  });

  it("a body may be synchronous, and need not take what it is given", () => {
    expectTypeOf(() => new CancelScope().run(() => 1)).returns.resolves.toEqualTypeOf<number | undefined>();
    expectTypeOf(() => failAfter(1, () => 1)).returns.resolves.toEqualTypeOf<number>();
  });

  it("moveOnAfter hands out a scope, failAfter a limit that nobody can cancel", () => {
    void (() => moveOnAfter(1, (scope) => expectTypeOf(scope).toEqualTypeOf<CancelScope>()));
    void (() => failAfter(1, (limit) => expectTypeOf(limit).toEqualTypeOf<TimeLimit>()));
    expectTypeOf<TimeLimit>().not.toHaveProperty("cancel");
    expectTypeOf<TimeLimit>().toHaveProperty("deadline").toEqualTypeOf<number>();
  });

  it("a subclass gets itself", () => {
    class MyScope extends CancelScope {
      readonly mine = true;
    }
    void (() => new MyScope().run((scope) => expectTypeOf(scope).toEqualTypeOf<MyScope>()));
  });

  it("deadline and shield are assignable, the rest is read", () => {
    expectTypeOf<Pick<CancelScope, "deadline" | "shield">>().toEqualTypeOf<{
      deadline: number;
      shield: boolean;
    }>();
    expectTypeOf<Pick<CancelScope, "cancelCalled" | "cancelledCaught" | "signal" | "name">>().toEqualTypeOf<{
      readonly cancelCalled: boolean;
      readonly cancelledCaught: boolean;
      readonly signal: AbortSignal;
      readonly name: string;
    }>();
    expectTypeOf(currentSignal).returns.toEqualTypeOf<AbortSignal>();
  });

  it("wrong options do not compile", () => {
    // @ts-expect-error graceMs is required: cleanup without a limit can hang
    const noGrace: ShieldedOptions = {};
    // @ts-expect-error an unknown option
    const unknownOption: CancelScopeOptions = { timeoutMs: 1 };
    // @ts-expect-error the function, not its result
    void (() => moveOnAfter(1, text()));
    void noGrace;
    void unknownOption;
  });
});

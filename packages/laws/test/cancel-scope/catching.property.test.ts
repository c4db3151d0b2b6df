import { CancelScope } from "@espalier/cancel-scope";
import { checkpoint } from "@espalier/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

/*
 * Which of several nested scopes catches (DESIGN 4.6): real scopes against a naive model, over random chains of scopes that
 * are cancelled and shielded at random, at the innermost point and in the `finally` of each block on the way out.
 */

/** Something done to the scope with that index, counted from the outermost. */
interface Step {
  readonly scope: number;
  readonly act: "cancel" | "shield" | "unshield";
}

interface Program {
  /** One entry a scope, outermost first: whether it begins shielded, whether it is cancelled before entry. */
  readonly scopes: readonly { readonly shield: boolean; readonly cancelled: boolean }[];
  readonly innermost: readonly Step[];
  /** What the `finally` of each block does, outermost first. */
  readonly onExit: readonly (readonly Step[])[];
}

const depth = 6;
const step: fc.Arbitrary<Step> = fc.record({
  scope: fc.nat(depth - 1),
  act: fc.constantFrom("cancel", "shield", "unshield"),
});
const program: fc.Arbitrary<Program> = fc.integer({ min: 1, max: depth }).chain((count) =>
  fc.record({
    scopes: fc.array(fc.record({ shield: fc.boolean(), cancelled: fc.boolean() }), {
      minLength: count,
      maxLength: count,
    }),
    innermost: fc.array(step, { maxLength: 4 }),
    onExit: fc.array(fc.array(step, { maxLength: 2 }), { minLength: count, maxLength: count }),
  }),
);

/** What happened, line by line. */
type Trace = string[];

async function runReal({ scopes: options, innermost, onExit }: Program): Promise<Trace> {
  const trace: Trace = [];
  const scopes = options.map(({ shield, cancelled }) => {
    const scope = new CancelScope({ shield });
    if (cancelled) scope.cancel();
    return scope;
  });
  const apply = (steps: readonly Step[]): void => {
    for (const { scope: index, act } of steps) {
      const scope = scopes[index];
      if (scope === undefined) continue;
      if (act === "cancel") scope.cancel();
      else scope.shield = act === "shield";
    }
  };
  const pass = async (where: string): Promise<void> => {
    try {
      await checkpoint();
      trace.push(`${where}: passed`);
    } catch (error) {
      trace.push(`${where}: raised`);
      throw error;
    }
  };
  const enter = async (index: number): Promise<void> => {
    const scope = scopes[index];
    if (scope === undefined) {
      apply(innermost);
      return pass("innermost");
    }
    const value = await scope.run(async () => {
      try {
        await enter(index + 1);
        await pass(`in ${index}`);
        return "value";
      } finally {
        apply(onExit[index]!);
      }
    });
    trace.push(`left ${index}: ${value ?? "caught"}`);
  };
  await enter(0);
  for (const [index, scope] of scopes.entries())
    trace.push(`${index}: called ${scope.cancelCalled}, caught ${scope.cancelledCaught}`);
  return trace;
}

class Raised extends Error {}

function runModel({ scopes: options, innermost, onExit }: Program): Trace {
  const trace: Trace = [];
  const scopes = options.map((each) => ({ ...each, called: each.cancelled, caught: false, left: false }));
  const isEffective = (index: number): boolean => {
    const scope = scopes[index];
    if (scope === undefined) return false; // around the outermost there is nothing
    return scope.cancelled || (!scope.shield && isEffective(index - 1));
  };
  const apply = (steps: readonly Step[]): void => {
    for (const { scope: index, act } of steps) {
      const scope = scopes[index];
      if (scope === undefined) continue;
      if (act === "cancel") scope.called = true;
      if (scope.left) continue;
      if (act === "cancel") scope.cancelled = true;
      else scope.shield = act === "shield";
    }
  };
  const pass = (where: string, innermostOpen: number): void => {
    const raises = isEffective(innermostOpen);
    trace.push(`${where}: ${raises ? "raised" : "passed"}`);
    if (raises) throw new Raised();
  };
  const enter = (index: number): void => {
    const scope = scopes[index];
    if (scope === undefined) {
      apply(innermost);
      pass("innermost", index - 1);
      return;
    }
    let raised: unknown;
    try {
      enter(index + 1);
      pass(`in ${index}`, index);
    } catch (error) {
      raised = error;
    }
    apply(onExit[index]!);
    scope.left = true;
    const catches = isEffective(index) && (scope.shield || !isEffective(index - 1));
    if (raised !== undefined && !catches) throw raised as Raised;
    scope.caught = raised !== undefined;
    trace.push(`left ${index}: ${raised === undefined ? "value" : "caught"}`);
  };
  enter(0);
  for (const [index, { called, caught }] of scopes.entries())
    trace.push(`${index}: called ${called}, caught ${caught}`);
  return trace;
}

describe("law 1 and DESIGN 4.6: nested scopes, cancelled and shielded at random", () => {
  it("raise and catch as the naive model says", async () => {
    await fc.assert(
      fc.asyncProperty(program, async (each) => {
        const outcome = await runReal(each).catch((error: unknown) => [`escaped: ${String(error)}`]);
        let expected: Trace;
        try {
          expected = runModel(each);
        } catch {
          expected = ["escaped: Cancelled: "];
        }
        expect(outcome.map((line) => line.replace(/(escaped: Cancelled: ).*/, "$1"))).toEqual(expected);
      }),
      { numRuns: 2000 },
    );
  });
});

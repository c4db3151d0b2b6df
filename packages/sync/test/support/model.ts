import fc from "fast-check";

import { type Flow, flow } from "./flow.ts";
import { settled } from "./settled.ts";

/*
 * Random programs against a model: each step is done to the real thing and to a naive model of it, and after each the two
 * have to say the same. Decisions are made synchronously, so they can be compared before anybody has run; what the waiters
 * see is compared when everything has settled.
 */

/** One step; `pick` chooses among whatever there is to choose from at that time. */
export interface Step<Kind extends string> {
  readonly kind: Kind;
  readonly pick: number;
}

/** Programs of up to `maxLength` steps, each kind as often as its weight says. */
export function programs<Kind extends string>(
  weights: Readonly<Record<Kind, number>>,
  maxLength = 60,
): fc.Arbitrary<Step<Kind>[]> {
  const kinds = Object.entries<number>(weights) as [Kind, number][];
  const kind = fc.oneof(...kinds.map(([each, weight]) => ({ weight, arbitrary: fc.constant(each) })));
  return fc.array(fc.record({ kind, pick: fc.nat(1000) }), { maxLength, size: "max" });
}

export function pickFrom<T>(items: readonly T[], pick: number): T | undefined {
  return items.length === 0 ? undefined : items[pick % items.length];
}

/** What the model thinks of a caller. */
export type Standing = "waiting" | "in" | "out" | "cancelled";

/** One who has asked to be let in. */
export class Caller<G> {
  readonly flow: Flow<G>;
  standing: Standing;
  /** Held by the nowait twins from the beginning; by the others once they have run. */
  guard: G | undefined = undefined;

  constructor(standing: Standing, acquire: () => Promise<G>) {
    this.standing = standing;
    this.flow = flow(acquire);
  }

  /** Compares what has happened with what the model thinks. */
  agrees(): boolean {
    switch (this.standing) {
      case "waiting":
        return this.flow.state === "running";
      case "in":
      case "out":
        return this.flow.state === "done";
      case "cancelled":
        return this.flow.state === "cancelled";
    }
  }
}

/** All callers agree with the model, once everything has settled. */
export async function settleAndCompare(callers: readonly Caller<unknown>[]): Promise<void> {
  await settled();
  callers.forEach((each, i) => {
    if (!each.agrees())
      throw new Error(`caller ${i} is ${each.flow.state}, but should be ${each.standing}`, {
        cause: each.flow.error,
      });
  });
}

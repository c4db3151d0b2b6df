import { errorText, type Outcome } from "@espalier/core/lowlevel";
import { AssertionError } from "../assertion-error.ts";

/** A call, as far as claims about it go. */
interface Outcomes {
  /** How it has ended; `undefined` while it waits. */
  readonly outcome: Outcome<unknown> | undefined;
}

/** A class of errors; its constructor is nobody's business here. */
export type ErrorClass<E extends Error> = (abstract new (...args: never[]) => E) & { readonly name: string };

/** Raises unless both are the same value, or lists of the same values. */
export function claimSame(actual: unknown, expected: unknown, what: string): void {
  const same =
    Array.isArray(actual) && Array.isArray(expected)
      ? actual.length === expected.length && actual.every((each, i) => Object.is(each, expected[i]))
      : Object.is(actual, expected);
  if (!same) throw new AssertionError(`${what} should have been ${show(expected)}, but was ${show(actual)}`);
}

/** Raises unless the call still waits. */
export function claimWaits({ outcome }: Outcomes, what: string): void {
  if (outcome === undefined) return;
  throw new AssertionError(`${what} should have waited, but ${tell(outcome)}`);
}

/** Raises unless the call has ended well; gives its value. */
export function claimDone({ outcome }: Outcomes, what: string): unknown {
  if (outcome?.kind === "value") return outcome.value;
  throw new AssertionError(`${what} should have returned, but ${tell(outcome)}`, causeOf(outcome));
}

/** Raises unless the call has failed with an error of this class; gives it. */
export function claimFailed<E extends Error>({ outcome }: Outcomes, type: ErrorClass<E>, what: string): E {
  if (outcome?.kind === "error" && outcome.error instanceof type) return outcome.error;
  throw new AssertionError(`${what} should have raised ${type.name}, but ${tell(outcome)}`, causeOf(outcome));
}

/** Raises unless `body` throws an error of this class before it returns anything; gives it. */
export function claimThrows<E extends Error>(body: () => unknown, type: ErrorClass<E>, what: string): E {
  let outcome: Outcome<unknown>;
  try {
    outcome = { kind: "value", value: body() };
  } catch (error) {
    outcome = { kind: "error", error };
  }
  return claimFailed({ outcome }, type, what);
}

function tell(outcome: Outcome<unknown> | undefined): string {
  if (outcome === undefined) return "it still waits";
  return outcome.kind === "value"
    ? `it returned ${show(outcome.value)}`
    : `it raised ${errorText(outcome.error)}`;
}

function causeOf(outcome: Outcome<unknown> | undefined): ErrorOptions | undefined {
  return outcome?.kind === "error" ? { cause: outcome.error } : undefined;
}

function show(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(show).join(", ")}]`;
  if (typeof value === "string") return JSON.stringify(value);
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

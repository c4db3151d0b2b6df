import type { CancelStatus } from "./cancel-status.ts";
import { isCancelledItself, MisuseError } from "./errors.ts";
import { currentStatus } from "./runtime.ts";

/*
 * What the exit of a block makes of the error that ended it: which part of it is our cancellation on its way out, and
 * whether this block is where the way ends.
 *
 * A block swallows the cancellation if it is effectively cancelled and its parent's cancellation is not visible to it:
 * of several cancelled scopes the outermost one wins.
 */

/** How a block that ended with an error has to leave. */
export type Unwinding =
  /** The cancellation was this block's own, and nothing else happened: leave normally. */
  | { readonly kind: "caught" }
  /** Nothing but a cancellation of a scope further out: raise it on. */
  | { readonly kind: "cancelled"; readonly error: unknown }
  /** A real error, freed of what was only cancellation. */
  | { readonly kind: "failed"; readonly error: unknown };

const caught: Unwinding = { kind: "caught" };

/** Stands for "nothing is left" where `undefined` is a possible error. */
const nothing: unique symbol = Symbol("nothing");

/**
 * Decides how a block leaves.
 *
 * @param status - The status of the block, not yet closed.
 * @param error - What ended it.
 * @param block - A task, or a nursery's body, does not let a `Cancelled` pass that cannot be its own; a scope does.
 */
export function unwind(status: CancelStatus, error: unknown, block: "scope" | "task"): Unwinding {
  if (!status.cancelled) {
    if (!isOurs(status, error)) return { kind: "failed", error };
    if (block === "task" && !status.wasCancelled)
      return { kind: "failed", error: strayed(error, status.name) };
    return { kind: "cancelled", error };
  }
  const rest = restOf(status, error);
  if (rest !== nothing) return { kind: "failed", error: rest };
  return status.catches ? caught : { kind: "cancelled", error };
}

/**
 * Whether the error is a cancellation on its way out: a `Cancelled`; the abort error of an operation that was given one
 * of our signals; an aggregate of nothing but these. An error that merely has a `Cancelled` as its cause is an error.
 */
export function isCancelled(error: unknown): boolean {
  return isOurs(currentStatus(), error);
}

/**
 * For `catch` blocks: raises the error again if it is a cancellation (see {@link isCancelled}), else does nothing.
 *
 * @example
 * ```ts
 * import { rethrowIfCancelled, sleep } from "@espalier/core";
 * try {
 *   await sleep(5);
 * } catch (error) {
 *   rethrowIfCancelled(error);
 *   console.error("the work failed", error);
 * }
 * ```
 */
export function rethrowIfCancelled(error: unknown): void {
  if (isCancelled(error)) throw error;
}

function isOurs(status: CancelStatus, error: unknown): boolean {
  return restOf(status, error) === nothing;
}

/** The error without what is our cancellation in it, `nothing` if that is all. */
function restOf(status: CancelStatus, error: unknown): unknown {
  try {
    return isCancelledItself(error) ? nothing : withoutCancelled(status, error, new Map());
  } catch {
    return error; // a getter of it threw, or a proxy: it is none of ours, and must not be lost by being looked at
  }
}

/** What became of the groups that were looked at; one that is being looked at stands for itself, so cycles end. */
type Seen = Map<object, unknown>;

/** What {@link restOf} gives; the very same error if nothing of it is ours. */
function withoutCancelled(status: CancelStatus, error: unknown, seen: Seen): unknown {
  if (typeof error !== "object" || error === null) return error;
  if (isCancelledItself(error) || isOurAbortError(status, error)) return nothing;
  if (!isAggregate(error) && !isSuppressed(error)) return error;
  if (!seen.has(error)) {
    seen.set(error, error);
    seen.set(error, isAggregate(error) ? restOfGroup(status, error, seen) : restOfPair(status, error, seen));
  }
  return seen.get(error);
}

function restOfGroup(status: CancelStatus, group: Aggregate, seen: Seen): unknown {
  const rest = group.errors.map((each) => withoutCancelled(status, each, seen));
  const kept = rest.filter((each) => each !== nothing);
  if (kept.length === 0 && rest.length > 0) return nothing;
  return rest.every((each, i) => each === group.errors[i]) ? group : derive(group, kept);
}

function restOfPair(status: CancelStatus, pair: Suppressed, seen: Seen): unknown {
  const error = withoutCancelled(status, pair.error, seen);
  const suppressed = withoutCancelled(status, pair.suppressed, seen);
  if (error === nothing) return suppressed;
  if (suppressed === nothing) return error;
  return error === pair.error && suppressed === pair.suppressed ? pair : suppress(pair, error, suppressed);
}

interface Aggregate extends Error {
  readonly errors: readonly unknown[];
  /** Makes a group of the same kind with other members, as Trio's exception groups have it. */
  derive?(errors: unknown[]): Error;
}

function isAggregate(error: object): error is Aggregate {
  return error instanceof Error && Array.isArray((error as { errors?: unknown }).errors);
}

function derive(group: Aggregate, errors: unknown[]): Error {
  if (typeof group.derive === "function") return group.derive(errors);
  return new AggregateError(
    errors,
    group.message,
    group.cause === undefined ? undefined : { cause: group.cause },
  );
}

interface Suppressed extends Error {
  readonly error: unknown;
  readonly suppressed: unknown;
}

/** By name: the class is not there on Node 20 and 22, where compiled code makes its own. */
function isSuppressed(error: object): error is Suppressed {
  return (error as Error).name === "SuppressedError" && "error" in error && "suppressed" in error;
}

function suppress(pair: Suppressed, error: unknown, suppressed: unknown): Error {
  return Object.assign(new Error(pair.message), { name: pair.name, error, suppressed });
}

/**
 * An abort error that one of our signals caused. Node's own functions and `fetch` say so (by the cause, or by raising the
 * reason itself); others raise an `AbortError` without a cause, which is taken for ours if a signal that we gave out has
 * aborted. One with a foreign cause never is.
 */
function isOurAbortError(status: CancelStatus, error: object): boolean {
  const { name, code, cause, reason } = error as {
    name?: unknown;
    code?: unknown;
    cause?: unknown;
    reason?: unknown;
  };
  if (name !== "AbortError" && code !== "ABORT_ERR" && code !== "ERR_CANCELED") return false;
  if (cause !== undefined) return isCancelledItself(cause);
  if (isCancelledItself(reason)) return true;
  for (let each: CancelStatus | undefined = status; each?.cancelled === true; each = each.parent) {
    if (each.signalAborted) return true;
    if (each.shielded) return false;
  }
  return false;
}

function strayed(error: unknown, name: string): MisuseError {
  return new MisuseError(
    `"${name}" was ended by a Cancelled, but nothing around it was ever cancelled: it awaited a promise that belongs to a ` +
      "cancelled scope elsewhere (a memoised or shared promise). Let each caller start the work inside its own scope, or " +
      "begin shared work in detached(...).",
    { cause: error },
  );
}

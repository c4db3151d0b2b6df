/*
 * Taking groups of errors apart. They work on every `AggregateError`, not only on a nursery's. After Python's exception
 * groups (PEP 654). An `AggregateError` without members (`Promise.any([])` rejects with one) is an error like any other
 * here; as a group it would vanish. So is a group inside itself, where it comes again; else there would be no end.
 */

/**
 * Divides an error by a predicate on its members: what matched, and the rest. Both halves keep the shape of the groups
 * that they came in; a half without members is `undefined`. An error that is no group goes to one half as it is.
 *
 * @example
 * ```ts
 * import { openNursery, splitError } from "@espalier/nursery";
 *
 * try {
 *   await openNursery(() => {
 *     throw new RangeError("no such page");
 *   });
 * } catch (error) {
 *   const [notFound, rest] = splitError(error, (each) => each instanceof RangeError);
 *   if (rest !== undefined) throw rest;
 *   console.log("handled", notFound);
 * }
 * ```
 */
export function splitError(
  error: unknown,
  predicate: (error: unknown) => boolean,
): [matched: unknown, rest: unknown] {
  const [matched, rest] = divide(error, predicate, []);
  return [matched[0], rest[0]];
}

/**
 * The one error in a group, through nested groups; the group itself if it has several members (or none).
 *
 * @example
 * ```ts
 * import { unwrapSingle } from "@espalier/nursery";
 *
 * const inner = new Error("the one");
 * console.log(unwrapSingle(new AggregateError([inner])) === inner); // true
 * ```
 */
export function unwrapSingle(error: unknown): unknown {
  const seen = new Set<unknown>();
  let single = error;
  while (isGroup(single) && single.errors.length === 1 && !seen.has(single)) {
    seen.add(single);
    single = single.errors[0];
  }
  return single;
}

/**
 * All errors that are not groups, in order, out of however deeply nested groups. Of anything else a list of just that.
 *
 * @example
 * ```ts
 * import { flattenErrors } from "@espalier/nursery";
 *
 * const [a, b, c] = [new Error("a"), new Error("b"), new Error("c")];
 * console.log(flattenErrors(new AggregateError([a, new AggregateError([b, c])]))); // [a, b, c]
 * ```
 */
export function flattenErrors(error: unknown): unknown[] {
  return flatten(error, []);
}

function flatten(error: unknown, around: readonly Group[]): unknown[] {
  if (!isGroup(error) || around.includes(error)) return [error];
  return error.errors.flatMap((member) => flatten(member, [...around, error]));
}

interface Group extends AggregateError {
  /** Makes a group of the same kind with other members; else it becomes a plain `AggregateError`. */
  derive?(errors: readonly unknown[]): Error;
}

function isGroup(error: unknown): error is Group {
  if (!(error instanceof Error)) return false;
  const { errors } = error as { errors?: unknown };
  return Array.isArray(errors) && errors.length > 0;
}

/** A half of an error: at most one. A list, because `undefined` can be thrown too. */
type Half = readonly [] | readonly [unknown];

function divide(
  error: unknown,
  predicate: (error: unknown) => boolean,
  around: readonly Group[],
): [matched: Half, rest: Half] {
  if (!isGroup(error) || around.includes(error)) return predicate(error) ? [[error], []] : [[], [error]];
  const halves = error.errors.map((member) => divide(member, predicate, [...around, error]));
  return [
    regroup(
      error,
      halves.flatMap(([matched]) => matched),
    ),
    regroup(
      error,
      halves.flatMap(([, rest]) => rest),
    ),
  ];
}

function regroup(group: Group, members: unknown[]): Half {
  if (members.length === 0) return [];
  if (members.length === group.errors.length && members.every((member, i) => member === group.errors[i]))
    return [group];
  if (typeof group.derive === "function") return [group.derive(members)];
  return [
    new AggregateError(
      members,
      group.message,
      group.cause === undefined ? undefined : { cause: group.cause },
    ),
  ];
}

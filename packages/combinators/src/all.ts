import { refusal, unwrapOutcome } from "@espalier/core/lowlevel";
import { type Body, inTheFormOf, listOrRecordBodies } from "./body.ts";
import { combinedError } from "./combined-error.ts";
import { runTogether } from "./ensemble.ts";

/**
 * Runs bodies side by side and gives all their values, in their places: an array for an array, a record for a record. When
 * one fails, the others are cancelled and waited for; nothing is left running. One error comes out as itself, several as a
 * `NurseryError`, in the order in which they came.
 *
 * It takes functions and not promises, as `Promise.all` does: a promise has already started, outside the scope that should
 * own it. For many items with a limit, use {@link mapConcurrent}.
 *
 * @checkpoint always
 * @cancellation Every body is cancelled and waited for. In a cancelled scope no body is started. If all bodies give a value
 *   all the same, these are returned.
 * @throws {Cancelled} the surrounding scope is, or becomes, cancelled, and no body failed.
 * @throws {TypeError} `bodies` is not an array or a record of functions.
 * @throws what a body raised; a `NurseryError` if several did; `TaskCancelledError` if one cancelled its own task.
 * @example
 * ```ts
 * import { all } from "@espalier/combinators";
 * import { sleep } from "@espalier/core";
 *
 * const { user, posts } = await all({
 *   user: async () => {
 *     await sleep(5);
 *     return "ada";
 *   },
 *   posts: () => [1, 2, 3],
 * });
 * ```
 */
export async function all<T extends readonly unknown[] | []>(bodies: {
  readonly [K in keyof T]: Body<T[K]>;
}): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }>;
export async function all<B extends Body<unknown>>(bodies: Iterable<B>): Promise<Awaited<ReturnType<B>>[]>;
export async function all<T extends object>(bodies: {
  readonly [K in keyof T]: Body<T[K]>;
}): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }>;
export async function all(bodies: unknown): Promise<unknown> {
  const list = listOrRecordBodies(bodies, "all");
  const denied = refusal();
  if (denied !== undefined) return denied;

  const values = new Array<unknown>(list.length);
  const errors: unknown[] = [];
  const exit = await runTogether("all", (ensemble) => {
    for (const [place, { name, body }] of list.entries()) {
      ensemble.start(name, body, (outcome) => {
        if (outcome.kind === "value") values[place] = outcome.value;
        else {
          errors.push(outcome.error);
          ensemble.cancelAll(outcome.error);
        }
      });
    }
  });
  if (errors.length > 0) throw combinedError("all", errors);
  unwrapOutcome(exit);
  return inTheFormOf(bodies, list, values);
}

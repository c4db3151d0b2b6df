import { refusal, unwrapOutcome } from "@espalier/core/lowlevel";
import { type Body, inTheFormOf, listOrRecordBodies } from "./body.ts";
import { combinedError } from "./combined-error.ts";
import { runTogether } from "./ensemble.ts";

/**
 * Runs bodies side by side to the end of each, and tells how they ended, in the form of `Promise.allSettled`. An array gives
 * an array, a record a record. No failure cancels the others, and none is raised.
 *
 * @checkpoint always
 * @cancellation Every body is cancelled and waited for, and `Cancelled` is raised: the results are lost. An error that a body
 *   raises while it is being unwound is no result: it comes out, as in {@link all}. If every body ends of its own accord
 *   all the same, the results are returned. In a cancelled scope no body is started.
 * @throws {Cancelled} the surrounding scope is, or becomes, cancelled.
 * @throws {TypeError} `bodies` is not an array or a record of functions.
 * @example
 * ```ts
 * import { allSettled } from "@espalier/combinators";
 *
 * const [a, b] = await allSettled([
 *   () => 1,
 *   async () => {
 *     throw new Error("no");
 *   },
 * ]);
 * console.log(a.status, b.status); // fulfilled rejected
 * ```
 */
export async function allSettled<T extends readonly unknown[] | []>(bodies: {
  readonly [K in keyof T]: Body<T[K]>;
}): Promise<{ -readonly [K in keyof T]: PromiseSettledResult<Awaited<T[K]>> }>;
export async function allSettled<T>(bodies: Iterable<Body<T>>): Promise<PromiseSettledResult<Awaited<T>>[]>;
export async function allSettled<T extends object>(bodies: {
  readonly [K in keyof T]: Body<T[K]>;
}): Promise<{ -readonly [K in keyof T]: PromiseSettledResult<Awaited<T[K]>> }>;
export async function allSettled(bodies: unknown): Promise<unknown> {
  const list = listOrRecordBodies(bodies, "allSettled");
  const denied = refusal();
  if (denied !== undefined) return denied;

  const results = new Array<PromiseSettledResult<unknown>>(list.length);
  const cleanupErrors: unknown[] = [];
  const exit = await runTogether("allSettled", (ensemble) => {
    for (const [place, { name, body }] of list.entries()) {
      ensemble.start(name, body, (outcome) => {
        if (outcome.kind === "value") results[place] = { status: "fulfilled", value: outcome.value };
        else {
          results[place] = { status: "rejected", reason: outcome.error };
          if (ensemble.cancelled) cleanupErrors.push(outcome.error);
        }
      });
    }
  });
  if (exit.kind === "error" && cleanupErrors.length > 0) throw combinedError("allSettled", cleanupErrors);
  unwrapOutcome(exit);
  return inTheFormOf(bodies, list, results);
}

import { MisuseError } from "@espalier/core";
import { type Outcome, refusal, unwrapOutcome } from "@espalier/core/lowlevel";
import { type Body, listBodies } from "./body.ts";
import { combinedError, errorGroup } from "./combined-error.ts";
import { runTogether } from "./ensemble.ts";

/**
 * Runs bodies side by side and gives the first value; the others are cancelled, and waited for. A body that fails before
 * that is out, and its error forgotten; if all fail, all errors come out in one `NurseryError`, in the order of the bodies.
 * Whoever fails *after* the first value, in its cleanup or otherwise, is not lost: `any` then rejects with that error.
 *
 * @checkpoint always
 * @cancellation Every body is cancelled and waited for. If one gives a value all the same, it is returned; an error that is
 *   raised while a body is being unwound comes out. In a cancelled scope no body is started.
 * @throws {Cancelled} the surrounding scope is, or becomes, cancelled before a body has succeeded.
 * @throws {NurseryError} all failed.
 * @throws {MisuseError} there is no body, so none could succeed.
 * @throws {TypeError} `bodies` is not an array of functions.
 * @example
 * ```ts
 * import { any } from "@espalier/combinators";
 *
 * const answer = await any([
 *   async () => {
 *     throw new Error("this mirror is down");
 *   },
 *   async () => "from the other one",
 * ]);
 * ```
 */
export async function any<B extends Body<unknown>>(bodies: Iterable<B>): Promise<Awaited<ReturnType<B>>> {
  const list = listBodies(bodies, "any");
  if (list.length === 0)
    throw new MisuseError("any([]) has no body that could succeed; check for that first.");
  const denied = refusal();
  if (denied !== undefined) return denied;

  let winner: Outcome<unknown> | undefined;
  const failures = new Array<unknown>(list.length);
  const cleanupErrors: unknown[] = [];
  const exit = await runTogether("any", (ensemble) => {
    for (const [place, { name, body }] of list.entries()) {
      ensemble.start(name, body, (outcome) => {
        if (outcome.kind === "error") {
          failures[place] = outcome.error;
          if (ensemble.cancelled) cleanupErrors.push(outcome.error);
        } else if (winner === undefined) {
          winner = outcome;
          ensemble.cancelAll("one has succeeded");
        }
      });
    }
  });
  // Nobody has succeeded, and nobody was unwound: every body has failed.
  if (winner === undefined && exit.kind === "value")
    throw errorGroup(`All ${list.length} bodies of any failed`, failures);
  if (cleanupErrors.length > 0) throw combinedError("any", cleanupErrors);
  return unwrapOutcome((winner ?? exit) as Outcome<Awaited<ReturnType<B>>>);
}

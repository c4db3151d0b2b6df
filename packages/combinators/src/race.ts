import { MisuseError } from "@espalier/core";
import { type Outcome, refusal, unwrapOutcome } from "@espalier/core/lowlevel";
import { type Body, listBodies } from "./body.ts";
import { combinedError } from "./combined-error.ts";
import { runTogether } from "./ensemble.ts";

/**
 * Runs bodies side by side; the first to end decides, by its value or its error. The others are cancelled, and waited for.
 * A loser that fails, in its cleanup or otherwise, is not lost: the race then rejects with its error (with several, a
 * `NurseryError` in the order in which they came). A value of a loser is dropped.
 *
 * For a time limit use `moveOnAfter` or `failAfter`. For several channels use `select`, which takes exactly one item; two
 * receives in a race may both have got theirs.
 *
 * @checkpoint always
 * @cancellation Every body is cancelled and waited for. If one gives a value all the same, it is returned. In a cancelled
 *   scope no body is started.
 * @throws {Cancelled} the surrounding scope is, or becomes, cancelled before a body has ended.
 * @throws {MisuseError} there is no body, so nobody could win.
 * @throws {TypeError} `bodies` is not an array of functions.
 * @throws what the winner or a loser raised.
 * @example
 * ```ts
 * import { race } from "@espalier/combinators";
 * import { sleep } from "@espalier/core";
 *
 * const winner = await race([
 *   () => sleep(5).then(() => "hare"),
 *   () => sleep(60_000).then(() => "tortoise"), // cancelled after 5 ms
 * ]);
 * ```
 */
export async function race<B extends Body<unknown>>(bodies: Iterable<B>): Promise<Awaited<ReturnType<B>>> {
  const list = listBodies(bodies, "race");
  if (list.length === 0)
    throw new MisuseError(
      "race([]) has no body that could win, and would wait for ever; check for that first.",
    );
  const denied = refusal();
  if (denied !== undefined) return denied;

  let winner: Outcome<unknown> | undefined;
  const errors: unknown[] = [];
  const exit = await runTogether("race", (ensemble) => {
    for (const { name, body } of list) {
      ensemble.start(name, body, (outcome) => {
        if (outcome.kind === "error") errors.push(outcome.error);
        if (winner !== undefined) return;
        winner = outcome;
        ensemble.cancelAll("the race is decided");
      });
    }
  });
  if (errors.length > 0) throw combinedError("race", errors);
  return unwrapOutcome((winner ?? exit) as Outcome<Awaited<ReturnType<B>>>);
}

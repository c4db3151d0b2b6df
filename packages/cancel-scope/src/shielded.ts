import {
  checkBody,
  checkDuration,
  checkOptions,
  CancelStatus,
  currentStatus,
  runIn,
  setDeadline,
  unwind,
  whenCancelled,
} from "@espalier/core/lowlevel";

/** Options of {@link shielded}. */
export interface ShieldedOptions {
  /** Milliseconds that the body has left once the code around it is cancelled. Required: cleanup without a limit can hang. */
  readonly graceMs: number;
  /** For the task tree and for messages; by default `"shielded"`. */
  readonly name?: string;
}

/**
 * Runs `body`, which must not be cut short in the middle: cancellation from outside reaches it only after `graceMs`
 * milliseconds more. For cleanup that has to talk to somebody (`QUIT`, `ROLLBACK`), and for steps that belong together.
 * Without a cancellation it may take as long as it likes. Inside another `shielded` the outside is the outer one, which is
 * cancelled when its grace ends: the graces add up.
 *
 * @checkpoint never
 * @cancellation From outside: ignored for `graceMs`, then raised by the checkpoints inside. If the body ends in time its
 *   value is returned, and the next checkpoint outside raises.
 * @throws {Cancelled} the grace ran out before the body was done.
 * @throws {RangeError} `graceMs` is negative or NaN.
 * @throws {TypeError} `graceMs` is missing, `body` is not a function, or an option is of the wrong type.
 * @example
 * ```ts
 * import { moveOnAfter, shielded } from "@espalier/cancel-scope";
 * import { sleep } from "@espalier/core";
 *
 * await moveOnAfter(10, async () => {
 *   try {
 *     await sleep(60_000);
 *   } finally {
 *     await shielded(() => sleep(5), { graceMs: 1000 }); // cancelled outside, yet it sleeps its 5 ms
 *   }
 * });
 * ```
 */
export async function shielded<T>(body: () => Promise<T> | T, options: ShieldedOptions): Promise<T> {
  checkBody(body, "shielded");
  checkOptions(options, "shielded", "{ graceMs: 5000 }");
  const graceMs = (options as ShieldedOptions | undefined)?.graceMs;
  if (graceMs === undefined) {
    throw new TypeError(
      "shielded needs { graceMs }: cleanup without a limit can hang for ever. Infinity is possible, but say so.",
    );
  }
  checkDuration(graceMs, "shielded.graceMs");
  const around = currentStatus();
  const status = new CancelStatus("scope", options.name ?? "shielded", around.runtime, true).bind(around);
  const forget = whenCancelled(around, () => {
    setDeadline(status, status.runtime.clock.now() + graceMs);
  });
  try {
    return await runIn(status, body);
  } catch (error) {
    const outcome = unwind(status, error, "scope");
    // Its own end of grace stands for the cancellation outside, which goes on.
    throw outcome.kind === "caught" ? error : outcome.error;
  } finally {
    forget();
    status.close();
  }
}

import { CancelStatus, checkBody, checkDuration, setDeadline, whenCancelled } from "@espalier/core/lowlevel";

/**
 * How long an item rests after an attempt that failed: so many milliseconds, or a function of the number of failed attempts
 * (1 after the first one) that says how many.
 */
export type Backoff = number | ((failedAttempt: number) => number);

/**
 * Checks a `backoff` option.
 *
 * @throws {TypeError | RangeError} it is neither a function nor a duration.
 */
export function checkBackoff(backoff: unknown, where: string): void {
  if (typeof backoff === "number") checkRest(backoff, where);
  else checkBody(backoff, where);
}

/**
 * The rest after a failed attempt.
 *
 * @throws what the user's function raises, or a `RangeError` when it gives no duration.
 */
export function restOf(backoff: Backoff, failedAttempt: number): number {
  const ms = typeof backoff === "number" ? backoff : backoff(failedAttempt);
  checkRest(ms, "openRetryingChannel.backoff");
  return ms;
}

/**
 * Rings once, `ms` milliseconds after its start on the clock of `around`, unless it is stopped before.
 *
 * It is a scope with a deadline and no code in it: so it uses the one timer of its runtime, keeps the process alive, and can
 * be seen in the task tree beside the sender that waits. Shielded, because whoever waits stops it: two ways to learn of a
 * cancellation would be one too many.
 */
export class Alarm {
  readonly #status: CancelStatus;
  readonly #time: number;
  readonly #forget: () => void;

  constructor(around: CancelStatus, ms: number, ring: () => void) {
    const status = new CancelStatus("scope", `retry after ${ms} ms`, around.runtime, true).bind(around);
    this.#status = status;
    this.#time = status.runtime.clock.now() + ms;
    this.#forget = whenCancelled(status, () => {
      status.close();
      ring();
    });
  }

  /** It may ring before this returns. */
  start(): void {
    setDeadline(this.#status, this.#time);
  }

  stop(): void {
    this.#forget();
    this.#status.close();
  }
}

function checkRest(ms: unknown, where: string): void {
  checkDuration(ms, where);
  if (ms === Infinity)
    throw new RangeError(`${where} needs a finite number of milliseconds; the item would rest for ever.`);
}

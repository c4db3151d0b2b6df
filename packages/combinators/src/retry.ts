import { currentEffectiveDeadline, currentTime, isCancelled, sleep } from "@espalier/core";
import { checkBody, checkDuration, pass, refusal } from "@espalier/core/lowlevel";
import { combinedError } from "./combined-error.ts";

/** Options of {@link retry}. */
export interface RetryOptions {
  /** How often the function is called at most: 1, 2, ... or `Infinity`. */
  readonly maxAttempts: number;
  /**
   * Milliseconds between the end of an attempt and the next one, or a function of the attempt that failed (from 1), such as
   * {@link exponentialDelay} gives. By default 0.
   */
  readonly delayMs?: number | ((attempt: number) => number);
  /**
   * The share of each delay that is left to chance, 0 to 1: with 0.25 a delay of 100 ms becomes 75 to 100, with 1 anything
   * up to 100. Many callers that failed together then do not come back together. By default 0.
   */
  readonly jitter?: number;
  /** Whether the error is worth another attempt; by default every error is. */
  readonly retryIf?: (error: unknown, attempt: number) => boolean | Promise<boolean>;
}

/**
 * Calls `fn` until it succeeds, and gives its value. When the attempts are used up, `retryIf` says no, or the next attempt
 * could not begin before the effective deadline (see `currentEffectiveDeadline`), the last error comes out, as itself and
 * at once. A cancellation is never retried.
 *
 * A limit for each attempt goes inside, one for all of them around: `failAfter(5000, () => retry(..., () => failAfter(500, ...)))`.
 *
 * @checkpoint always
 * @cancellation The attempt, or the delay, is ended. In a cancelled scope there is no attempt.
 * @throws {Cancelled} the surrounding scope is, or becomes, cancelled.
 * @throws {TypeError} an option of the wrong type, or `fn` is not a function.
 * @throws {RangeError} `maxAttempts`, `delayMs` or `jitter` is out of range; also if `delayMs` gives such a delay
 *   (the last error of `fn` is the `cause` then).
 * @throws the last error of `fn`. If `retryIf` or `delayMs` raises, a `NurseryError` of that error and this.
 * @example
 * ```ts
 * import { exponentialDelay, retry } from "@espalier/combinators";
 *
 * const value = await retry(
 *   { maxAttempts: 5, delayMs: exponentialDelay({ baseMs: 1, maxMs: 1000 }), jitter: 0.5 },
 *   async (attempt) => {
 *     if (attempt < 3) throw new Error("not yet");
 *     return attempt;
 *   },
 * );
 * console.log(value); // 3
 * ```
 */
export async function retry<T>(options: RetryOptions, fn: (attempt: number) => Promise<T> | T): Promise<T> {
  checkOptions(options);
  checkBody(fn, "retry");
  const denied = refusal();
  if (denied !== undefined) return denied;
  for (let attempt = 1; ; attempt++) {
    let delay: number | undefined;
    try {
      return pass(await fn(attempt));
    } catch (error) {
      // What fails in a cancelled scope fails in its cleanup.
      if (isCancelled(error) || isScopeCancelled() || attempt >= options.maxAttempts) throw error;
      // eslint-disable-next-line espalier/no-await-in-catch-before-throw -- the user's `retryIf`; cancelled in it, the whole is
      delay = await delayBeforeNext(options, attempt, error);
      if (delay === undefined) throw error;
    }
    await sleep(delay);
  }
}

function isScopeCancelled(): boolean {
  return currentEffectiveDeadline() === -Infinity;
}

/** The delay before the next attempt; `undefined` if there is to be none. */
async function delayBeforeNext(
  { retryIf, delayMs = 0, jitter = 0 }: RetryOptions,
  attempt: number,
  error: unknown,
): Promise<number | undefined> {
  let delay: number;
  try {
    if (retryIf !== undefined && !(await retryIf(error, attempt))) return undefined;
    delay = typeof delayMs === "function" ? delayMs(attempt) : delayMs;
  } catch (policyError) {
    if (isCancelled(policyError)) throw policyError;
    throw combinedError("retry", [error, policyError]);
  }
  checkDelay(delay, error);
  delay *= 1 - jitter * Math.random();
  if (isScopeCancelled()) return delay; // by now; the delay will raise it
  // At the deadline itself the scope is cancelled. Infinity is never, whatever the deadline.
  return currentTime() + delay < currentEffectiveDeadline() ? delay : undefined;
}

function checkDelay(delay: unknown, lastError: unknown): void {
  try {
    checkDuration(delay, "retry.delayMs");
  } catch (wrong) {
    (wrong as Error).cause = lastError;
    throw wrong;
  }
}

function checkOptions(options: RetryOptions): void {
  if (typeof options !== "object" || (options as unknown) === null)
    throw new TypeError("retry needs its options first: retry({ maxAttempts: 3, delayMs: 100 }, fn).");
  const { maxAttempts, delayMs = 0, jitter = 0, retryIf } = options;
  if (typeof maxAttempts !== "number")
    throw new TypeError(`retry.maxAttempts needs a number, not ${typeof maxAttempts}; Infinity is for ever.`);
  if (!(maxAttempts === Infinity || (Number.isInteger(maxAttempts) && maxAttempts >= 1)))
    throw new RangeError(`retry.maxAttempts needs 1, 2, 3, ... or Infinity, not ${maxAttempts}.`);
  if (typeof delayMs !== "function") checkDuration(delayMs, "retry.delayMs");
  if (typeof jitter !== "number") throw new TypeError(`retry.jitter needs a number, not ${typeof jitter}.`);
  if (!(jitter >= 0 && jitter <= 1))
    throw new RangeError(`retry.jitter is a share of the delay, 0 to 1, not ${jitter}.`);
  if (retryIf !== undefined && typeof retryIf !== "function")
    throw new TypeError(`retry.retryIf needs a function of the error, not ${typeof retryIf}.`);
}

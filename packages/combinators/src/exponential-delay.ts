import { checkDuration } from "@espalier/core/lowlevel";

/** Options of {@link exponentialDelay}. */
export interface ExponentialDelayOptions {
  /** Milliseconds after the first attempt. */
  readonly baseMs: number;
  /** What each delay is multiplied by for the next; 1 or more, by default 2. */
  readonly factor?: number;
  /** No delay is longer, in milliseconds; by default there is no limit. */
  readonly maxMs?: number;
}

/**
 * Delays that grow: `baseMs`, then `factor` times as much after each further attempt, up to `maxMs`. For `delayMs` of
 * {@link retry}, whose `jitter` adds chance to it; the same delay every time is just a number there.
 *
 * @checkpoint never
 * @throws {TypeError} an option of the wrong type.
 * @throws {RangeError} a negative or NaN duration, or a factor below 1.
 * @example
 * ```ts
 * import { exponentialDelay } from "@espalier/combinators";
 *
 * const delay = exponentialDelay({ baseMs: 100, maxMs: 1000 });
 * console.log([1, 2, 3, 4, 5].map(delay)); // [ 100, 200, 400, 800, 1000 ]
 * ```
 */
export function exponentialDelay(options: ExponentialDelayOptions): (attempt: number) => number {
  if (typeof options !== "object" || (options as unknown) === null)
    throw new TypeError("exponentialDelay needs options: exponentialDelay({ baseMs: 100 }).");
  const { baseMs, factor = 2, maxMs = Infinity } = options;
  checkDuration(baseMs, "exponentialDelay.baseMs");
  checkDuration(maxMs, "exponentialDelay.maxMs");
  if (typeof factor !== "number")
    throw new TypeError(`exponentialDelay.factor needs a number, not ${typeof factor}.`);
  if (!(factor >= 1 && factor < Infinity))
    throw new RangeError(`exponentialDelay.factor needs a finite number of 1 or more, not ${factor}.`);
  // 0 times an overflow would be NaN
  return (attempt) => (baseMs === 0 ? 0 : Math.min(maxMs, baseMs * factor ** (attempt - 1)));
}

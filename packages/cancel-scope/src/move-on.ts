import { checkBody, checkDuration, checkTime, currentStatus } from "@espalier/core/lowlevel";
import { CancelScope, type CancelScopeOptions } from "./cancel-scope.ts";

/** Options of `moveOnAfter`, `moveOnAt`, `failAfter` and `failAt`. */
export interface TimeLimitOptions {
  /** Whether cancellation of the scopes around it is invisible inside: the time limit is then all that ends it. */
  readonly shield?: boolean;
  /** For the task tree and for messages; by default the name of the function. */
  readonly name?: string;
}

/**
 * Runs `body` for at most `ms` milliseconds, and goes on either way: gives its value, or `undefined` when time ran out.
 * The body is unwound before this returns; nothing goes on behind your back.
 *
 * @checkpoint never
 * @cancellation Of the scopes around it: raised by the checkpoints inside, and passed on.
 * @param ms - Milliseconds on the run's clock; 0 cancels at the first checkpoint, `Infinity` is no limit.
 * @throws {RangeError} `ms` is negative or NaN.
 * @throws {TypeError} `body` is not a function.
 * @example
 * ```ts
 * import { moveOnAfter } from "@espalier/cancel-scope";
 * import { sleep } from "@espalier/core";
 *
 * const answer = await moveOnAfter(10, async () => {
 *   await sleep(60_000);
 *   return "too late";
 * });
 * console.log(answer); // undefined, after 10 ms
 * ```
 */
export async function moveOnAfter<T>(
  ms: number,
  body: (scope: CancelScope) => Promise<T> | T,
  options: TimeLimitOptions = {},
): Promise<T | undefined> {
  checkDuration(ms, "moveOnAfter");
  checkBody(body, "moveOnAfter");
  return new CancelScope(scopeOptions(options, "moveOnAfter", { timeout: ms })).run(body);
}

/**
 * Runs `body` until the run's clock shows `time`, and goes on either way, like {@link moveOnAfter}.
 *
 * @checkpoint never
 * @cancellation Of the scopes around it: raised by the checkpoints inside, and passed on.
 * @param time - Milliseconds on the run's clock: `currentTime() + 500`, not `Date.now() + 500`.
 * @throws {RangeError} `time` is NaN, or can only be a calendar time.
 * @throws {TypeError} `body` is not a function.
 */
export async function moveOnAt<T>(
  time: number,
  body: (scope: CancelScope) => Promise<T> | T,
  options: TimeLimitOptions = {},
): Promise<T | undefined> {
  checkTime(time, "moveOnAt", currentStatus().runtime);
  checkBody(body, "moveOnAt");
  return new CancelScope(scopeOptions(options, "moveOnAt", { deadline: time })).run(body);
}

/** The options of the scope behind a time limit. */
export function scopeOptions(
  options: TimeLimitOptions,
  name: string,
  limit: CancelScopeOptions,
): CancelScopeOptions {
  return { shield: options.shield ?? false, name: options.name ?? name, ...limit };
}

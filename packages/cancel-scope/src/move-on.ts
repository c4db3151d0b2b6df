import { CancelScope } from "./cancel-scope.ts";
import { type Limit, limitOptions, type TimeLimitOptions } from "./limit-options.ts";

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
export function moveOnAfter<T>(
  ms: number,
  body: (scope: CancelScope) => Promise<T> | T,
  options: TimeLimitOptions = {},
): Promise<T | undefined> {
  return moveOn("moveOnAfter", { timeout: ms }, body, options);
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
export function moveOnAt<T>(
  time: number,
  body: (scope: CancelScope) => Promise<T> | T,
  options: TimeLimitOptions = {},
): Promise<T | undefined> {
  return moveOn("moveOnAt", { deadline: time }, body, options);
}

// Not async: one frame fewer on a path that servers take for every request.
function moveOn<T>(
  caller: string,
  limit: Limit,
  body: (scope: CancelScope) => Promise<T> | T,
  options: TimeLimitOptions,
): Promise<T | undefined> {
  let scope: CancelScope;
  try {
    scope = new CancelScope(limitOptions(caller, limit, body, options));
  } catch (error) {
    return Promise.reject(error as Error);
  }
  return scope.run(body);
}

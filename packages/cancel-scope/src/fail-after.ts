import type { CancelScope } from "./cancel-scope.ts";
import { type Limit, limitedScope, type TimeLimitOptions } from "./limited-scope.ts";
import { TooSlowError } from "./too-slow-error.ts";

/** What `failAfter` and `failAt` hand to their body: the limit can be moved; nothing else can end it. */
export interface TimeLimit {
  /** When time is up, on the run's clock. Assignable: acts at once. */
  deadline: number;
  /** Aborts when time is up, or a scope around is cancelled. */
  readonly signal: AbortSignal;
}

/**
 * Runs `body` and gives its value; raises `TooSlowError` if it takes longer than `ms` milliseconds. The body is unwound
 * before this raises. An error of the body wins over `TooSlowError`.
 *
 * @checkpoint never
 * @cancellation Of the scopes around it: raised by the checkpoints inside, and passed on.
 * @param ms - Milliseconds on the run's clock; 0 cancels at the first checkpoint, `Infinity` is no limit.
 * @throws {TooSlowError} time ran out, and that is what ended the body.
 * @throws {RangeError} `ms` is negative or NaN.
 * @throws {TypeError} `body` is not a function.
 * @example
 * ```ts
 * import { failAfter, TooSlowError } from "@espalier/cancel-scope";
 * import { sleep } from "@espalier/core";
 *
 * try {
 *   await failAfter(10, () => sleep(60_000));
 * } catch (error) {
 *   console.log(error instanceof TooSlowError); // true
 * }
 * ```
 */
export function failAfter<T>(
  ms: number,
  body: (limit: TimeLimit) => Promise<T> | T,
  options: TimeLimitOptions = {},
): Promise<T> {
  return fail("failAfter", { timeout: ms }, body, options);
}

/**
 * Runs `body` and gives its value; raises `TooSlowError` if it is not done when the run's clock shows `time`.
 *
 * @checkpoint never
 * @cancellation Of the scopes around it: raised by the checkpoints inside, and passed on.
 * @param time - Milliseconds on the run's clock: `currentTime() + 500`, not `Date.now() + 500`.
 * @throws {TooSlowError} time ran out, and that is what ended the body.
 * @throws {RangeError} `time` is NaN, or can only be a calendar time.
 * @throws {TypeError} `body` is not a function.
 */
export function failAt<T>(
  time: number,
  body: (limit: TimeLimit) => Promise<T> | T,
  options: TimeLimitOptions = {},
): Promise<T> {
  return fail("failAt", { deadline: time }, body, options);
}

async function fail<T>(
  caller: string,
  limit: Limit,
  body: (limit: TimeLimit) => Promise<T> | T,
  options: TimeLimitOptions,
): Promise<T> {
  const scope = limitedScope(caller, limit, body, options);
  const value = await scope.run(() => body(new MovableLimit(scope)));
  // Only the deadline can have cancelled it: the body cannot, and a cancellation from outside is not caught here.
  if (scope.cancelledCaught) {
    const words = "timeout" in limit ? `${limit.timeout} ms` : `the time ${limit.deadline}`;
    throw new TooSlowError(`"${scope.name}" was not done in time (its limit was ${words})`);
  }
  return value as T;
}

/** A scope without `cancel`. A class and not an object literal: it keeps what it must not show in a private field. */
class MovableLimit implements TimeLimit {
  readonly #scope: CancelScope;

  constructor(scope: CancelScope) {
    this.#scope = scope;
  }

  get deadline(): number {
    return this.#scope.deadline;
  }
  set deadline(time: number) {
    this.#scope.deadline = time;
  }

  get signal(): AbortSignal {
    return this.#scope.signal;
  }
}

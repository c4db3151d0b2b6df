import { CancelScope, type CancelScopeOptions } from "./cancel-scope.ts";
import { type Limit, limitOptions, type TimeLimitOptions } from "./limit-options.ts";
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

// Not async: one frame fewer on a path that servers take for every request.
function fail<T>(
  caller: string,
  limit: Limit,
  body: (limit: TimeLimit) => Promise<T> | T,
  options: TimeLimitOptions,
): Promise<T> {
  let scope: FailingScope;
  try {
    scope = new FailingScope(limitOptions(caller, limit, body, options), limit);
  } catch (error) {
    return Promise.reject(error as Error);
  }
  return scope.run(() => body(new MovableLimit(scope))) as Promise<T>;
}

/** A scope that raises where others go on. */
class FailingScope extends CancelScope {
  readonly #limit: Limit;

  constructor(options: CancelScopeOptions, limit: Limit) {
    super(options);
    this.#limit = limit;
  }

  /** Only its deadline can have cancelled it: the body cannot, and a cancellation from outside is not caught here. */
  protected override goOn(): never {
    const limit = this.#limit;
    const words = "timeout" in limit ? `${limit.timeout} ms` : `the time ${limit.deadline}`;
    throw new TooSlowError(`"${this.name}" was not done in time (its limit was ${words})`);
  }
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

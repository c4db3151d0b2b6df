import { checkBody, checkDuration, checkOptions, checkTime, currentStatus } from "@espalier/core/lowlevel";
import type { CancelScopeOptions } from "./cancel-scope.ts";

/** Options of `moveOnAfter`, `moveOnAt`, `failAfter` and `failAt`. */
export interface TimeLimitOptions {
  /** Whether cancellation of the scopes around it is invisible inside: the time limit is then all that ends it. */
  readonly shield?: boolean;
  /** For the task tree and for messages; by default the name of the body, else of the function that limits it. */
  readonly name?: string;
}

/** When time is up: milliseconds from entry, or a time on the run's clock. */
export type Limit = { readonly timeout: number } | { readonly deadline: number };

/** The options of the scope behind a time limit. Checks what its caller was given, in the caller's name. */
export function limitOptions(
  caller: string,
  limit: Limit,
  body: { readonly name: string },
  options: TimeLimitOptions,
): CancelScopeOptions {
  if ("timeout" in limit) checkDuration(limit.timeout, caller);
  else checkTime(limit.deadline, caller, currentStatus().runtime);
  checkBody(body, caller);
  checkOptions(options, caller);
  const shield = options.shield ?? false;
  const name = options.name ?? (body.name || caller);
  // Not by a spread, which alone is a twentieth of a time limit.
  return "timeout" in limit
    ? { timeout: limit.timeout, shield, name }
    : { deadline: limit.deadline, shield, name };
}

import type { CancelReason } from "./cancel-reason.ts";
import type { Runtime } from "./runtime.ts";

/** In debug mode, the same reason with the stack of the call of `cancel()`. */
export function withCancelSite(runtime: Runtime, reason: CancelReason): CancelReason {
  return runtime.observer?.withCancelSite?.(reason) ?? reason;
}

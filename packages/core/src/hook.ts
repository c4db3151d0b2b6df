import type { CancelReason } from "./cancel-reason.ts";
import { reasonOf, type CancelStatus } from "./cancel-status.ts";
import type { Cancelled } from "./errors.ts";
import { link, unlink, Waiter } from "./waiter.ts";

/** What a hook calls. `leaving` is true if the status was not cancelled, but its block has been left. */
export type OnCancelled = (reason: CancelReason, leaving: boolean) => void;

/** Calls a function, once, when a status becomes cancelled; nothing waits in it. */
class Hook extends Waiter {
  private readonly callback: OnCancelled;

  constructor(status: CancelStatus, callback: OnCancelled) {
    super(status);
    this.callback = callback;
  }

  get label(): undefined {
    return undefined;
  }

  abort(cancelled: Cancelled): void {
    this.callback(cancelled.reason, this.status.own === undefined && this.status.closed);
  }
}

/**
 * Has `callback` called once, synchronously, when `status` becomes effectively cancelled or its block is left; at once if
 * it already is. Gives a function that withdraws it. What the callback throws is a bug in a package, an `InternalError` of
 * the run; the cancellation goes on.
 */
export function whenCancelled(status: CancelStatus, callback: OnCancelled): () => void {
  if (status.cancelled) {
    callback(reasonOf(status), status.own === undefined && status.closed);
    return () => undefined;
  }
  const hook = new Hook(status, callback);
  link(hook);
  return () => {
    unlink(hook);
  };
}

import { hasBrand } from "./brand.ts";
import { BrandedError } from "./branded-error.ts";
import { describeReason, type CancelReason } from "./cancel-reason.ts";
import { limitStacks } from "./stack-limit.ts";

/**
 * Raised by every checkpoint inside a cancelled scope, each time, until the scope is left. It is not an error of the
 * program: the scope that was cancelled catches it at its end. A `catch` that meets it must let it go on
 * (`rethrowIfCancelled(error)`); if one does not, the next checkpoint raises it again. Everything that one cancellation
 * finds waiting gets the same object.
 *
 * It cannot be constructed: cancel a scope instead.
 */
export class Cancelled extends BrandedError {
  static override readonly brand: string = "espalier.Cancelled";
  /** The first reason that reached the code. For people and logs; nothing should decide by it. */
  readonly reason: CancelReason;

  /** @internal */
  constructor(reason: CancelReason, key: unknown) {
    super();
    if (key !== cancelledKey)
      throw new TypeError("Cancelled cannot be constructed; cancel a scope instead: scope.cancel(reason).");
    this.reason = reason;
  }

  // A getter, because the text is read far less often than the error is made: 100,000 tasks may be cancelled at once.
  override get message(): string {
    const reason = this.reason as CancelReason | undefined; // undefined while the base constructor writes the stack's header
    return reason === undefined ? "cancelled" : describeReason(reason);
  }
}

const cancelledKey = Symbol("the key to the constructor of Cancelled");

/** Makes a `Cancelled` without capturing a stack (2.5 us each, against 0.25). */
export function makeCancelled(reason: CancelReason): Cancelled {
  const limit = limitStacks(0);
  const cancelled = new Cancelled(reason, cancelledKey);
  limitStacks(limit);
  return cancelled;
}

/** Whether this very value is a `Cancelled`, from this copy of the package or another. */
export function isCancelledItself(error: unknown): error is Cancelled {
  return error instanceof Error && hasBrand(error, Cancelled.brand);
}

/** You closed it: the resource, channel end or stream was closed by its own side, before or during the call. */
export class ClosedResourceError extends BrandedError {
  static override readonly brand: string = "espalier.ClosedResourceError";
}

/** The world broke it: the other side is gone, or something in between failed (see `cause`). */
export class BrokenResourceError extends BrandedError {
  static override readonly brand: string = "espalier.BrokenResourceError";
  /** What could not be delivered, where the operation was a send. */
  declare readonly unsent?: unknown;
  constructor(message: string, options?: ErrorOptions & { unsent?: unknown }) {
    super(message, options);
    if (options !== undefined && "unsent" in options) this.unsent = options.unsent;
  }
}

/** Two tasks used at once what only one may use at a time. */
export class BusyResourceError extends BrandedError {
  static override readonly brand: string = "espalier.BusyResourceError";
}

/** The normal end: all senders closed and everything that was sent has been received. */
export class EndOfChannel extends BrandedError {
  static override readonly brand: string = "espalier.EndOfChannel";
}

/** The `...Nowait` form of an operation would have had to wait. */
export class WouldBlock extends BrandedError {
  static override readonly brand: string = "espalier.WouldBlock";
}

/** Everything waits and nothing is left that could wake it. The message holds the task tree of that moment. */
export class DeadlockError extends BrandedError {
  static override readonly brand: string = "espalier.DeadlockError";
}

/** The library was used in a way that cannot work; the message names the remedy. */
export class MisuseError extends BrandedError {
  static override readonly brand: string = "espalier.MisuseError";
}

/** A broken promise of the library itself, or of a system task. Please file a bug. */
export class InternalError extends BrandedError {
  static override readonly brand: string = "espalier.InternalError";
}

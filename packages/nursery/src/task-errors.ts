import { BrandedError } from "@espalier/core/lowlevel";

/** Raised by `join` of a task that failed; the task's error is the `cause`. The nursery raises that error too. */
export class TaskFailedError extends BrandedError {
  static override readonly brand: string = "espalier.TaskFailedError";
}

/**
 * Raised by `join` of a task that was cancelled. It is an ordinary error: the one who joins was not cancelled, but will
 * never get a value.
 */
export class TaskCancelledError extends BrandedError {
  static override readonly brand: string = "espalier.TaskCancelledError";
}

import { isInstance } from "@espalier/core/lowlevel";

/** Raised by `join` of a task that failed; the task's error is the `cause`. The nursery raises that error too. */
export class TaskFailedError extends Error {
  static readonly brand: string = "espalier.TaskFailedError";

  override get name(): string {
    return "TaskFailedError";
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return isInstance(this, value);
  }
}

/**
 * Raised by `join` of a task that was cancelled. It is an ordinary error: the one who joins was not cancelled, but will
 * never get a value.
 */
export class TaskCancelledError extends Error {
  static readonly brand: string = "espalier.TaskCancelledError";

  override get name(): string {
    return "TaskCancelledError";
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return isInstance(this, value);
  }
}

import type { Task } from "@espalier/core";
import { isInstance } from "@espalier/core/lowlevel";
import type { Guard } from "./guard.ts";
import type { LockState } from "./lock-state.ts";

/** What holds a lock, and by which a condition knows that the lock is held. Made by acquiring one. */
export class LockGuard implements Guard {
  /** @internal By which a condition of another installed copy knows it. */
  static readonly brand: string = "espalier.LockGuard";

  readonly #lock: LockState;
  /** Whose code asked for it; `undefined` outside every task. For debugging: any code may release it. */
  readonly task: Task | undefined;

  /** @internal */
  constructor(lock: LockState, task: Task | undefined) {
    this.#lock = lock;
    this.task = task;
  }

  /**
   * Releases the lock; the oldest waiter gets it at once. Does nothing if this guard does not hold it any more. A
   * `condition.wait` that is using the guard ends with `MisuseError`.
   *
   * @checkpoint never
   */
  release(): void {
    this.#lock.giveUp(this);
  }

  /** The same as `release()`, for `using`. */
  [Symbol.dispose](): void {
    this.release();
  }

  static [Symbol.hasInstance](value: unknown): boolean {
    return isInstance(this, value);
  }
}

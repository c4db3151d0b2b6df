import type { CancelStatus } from "./cancel-status.ts";
import type { Cancelled } from "./errors.ts";

/**
 * Something that wants to know when a cancel status becomes cancelled: a parked operation, or a hook. Waiters of one
 * status form a ring in order of arrival, reached by `status.waiters` (the oldest):
 *
 *     status.waiters -> a <-> b <-> c <-> (a)
 *
 * Invariant: a waiter is in the ring of `status` exactly while `linked` is true.
 */
export abstract class Waiter {
  readonly status: CancelStatus;
  /** Ring neighbours; both are the waiter itself when it is alone or not linked. Written only in this file. */
  prev: Waiter = this;
  next: Waiter = this;
  linked = false;

  constructor(status: CancelStatus) {
    this.status = status;
  }

  /** Whether no cancellation ends it. */
  get shielded(): boolean {
    return false;
  }

  /** Whether it waits for something outside the library. */
  get abroad(): boolean {
    return false;
  }

  /** For the task tree: what the code waits for; `undefined` for hooks, which nobody waits in. */
  abstract readonly label: string | undefined;

  /**
   * Called at most once, synchronously from `cancel()`, after the waiter has been unlinked; must not throw.
   *
   * @param cancelled - What to raise; one for all that a cancellation ends.
   * @param quiet - True if nobody may be listening: the block has been left, or several things wait in one status.
   */
  abstract abort(cancelled: Cancelled, quiet: boolean): void;
}

/** Puts the waiter at the end of its status's ring. */
export function link(waiter: Waiter): void {
  const status = waiter.status;
  const first = status.waiters;
  waiter.linked = true;
  if (first === undefined) {
    status.waiters = waiter;
    return;
  }
  const last = first.prev;
  last.next = waiter;
  waiter.prev = last;
  waiter.next = first;
  first.prev = waiter;
}

/** Takes the waiter out of its ring; harmless if it is in none. */
export function unlink(waiter: Waiter): void {
  if (!waiter.linked) return;
  waiter.linked = false;
  const { status, next, prev } = waiter;
  if (next === waiter) {
    status.waiters = undefined;
    return;
  }
  prev.next = next;
  next.prev = prev;
  if (status.waiters === waiter) status.waiters = next;
  waiter.prev = waiter;
  waiter.next = waiter;
}

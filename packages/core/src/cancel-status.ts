import type { CancelReason } from "./cancel-reason.ts";
import type { Deadline } from "./deadlines.ts";
import { type Cancelled, InternalError, makeCancelled } from "./errors.ts";
import type { Runtime } from "./runtime.ts";
import type { Task } from "./task.ts";
import { unlink, type Waiter } from "./waiter.ts";

/*
 * The tree of cancel statuses: its states and transitions, nothing else. (Trio keeps the same plumbing apart from the
 * `CancelScope` that a user holds.)
 *
 * A status is *effectively cancelled* when it was cancelled itself, or its block has been left, or it is not shielded
 * and its parent is effectively cancelled. The answer is kept in `flags` of each status, so that a checkpoint tests one
 * number at any depth; the transitions below keep it true:
 *
 *     event \ state   open                         closed
 *     open            (birth: inherits)            -
 *     cancel          marks subtree, aborts        nothing
 *     setShield       recomputes subtree           nothing
 *     move            recomputes subtree           nothing
 *     close           marks subtree, aborts        nothing
 */

/** Effectively cancelled: the next checkpoint raises. */
export const CANCELLED = 1;
/** The slow path is wanted here and below: instruments, debug mode, seeded order, assertions about checkpoints. */
export const SLOW = 2;
/** Was effectively cancelled at some time; never unset. Tells a `Cancelled` of ours from one that strayed in. */
export const WAS_CANCELLED = 4;

const SHIELDED = 1;
const CLOSED = 2;
const SIGNAL_ABORTED = 4;

/** What a status belongs to; `scope` for everything that is neither a run nor a task nor a nursery. */
export type StatusKind = "run" | "task" | "nursery" | "scope";

/** One node of the tree. Fields are written in this file only, unless they say otherwise. */
export class CancelStatus {
  /** `CANCELLED | SLOW | WAS_CANCELLED`; zero on the fast path. */
  flags: number;
  /** `SHIELDED | CLOSED | SIGNAL_ABORTED`. */
  private bits = 0;
  readonly kind: StatusKind;
  readonly name: string;
  /** Until it is bound, the ambient runtime. */
  runtime: Runtime;
  /** The task whose code runs in this status; `undefined` outside every task. */
  task: Task | undefined = undefined;
  /** `undefined` for the root of a runtime, and before the status is bound. Kept after the status was closed. */
  parent: CancelStatus | undefined = undefined;
  /** The open children form a ring in order of birth; `undefined` when there are none. */
  firstChild: CancelStatus | undefined = undefined;
  prev: CancelStatus = this;
  next: CancelStatus = this;
  /** The oldest waiter; written by waiter.ts. */
  waiters: Waiter | undefined = undefined;
  /** Why `cancel` was called on this very status; the first call wins. */
  own: CancelReason | undefined = undefined;
  /** The first reason that reached this status while it was effectively cancelled, else `undefined`. */
  reason: CancelReason | undefined = undefined;
  /** Its deadline, if it has one; written by scope-deadline.ts. */
  deadline: Deadline | undefined = undefined;
  /** What debug mode knows about it; written by debug.ts. */
  notes: object | undefined = undefined;

  /**
   * Makes a status that is not bound to a parent yet: a root, or a scope that can already be cancelled but has not been
   * entered.
   */
  constructor(kind: StatusKind, name: string, runtime: Runtime, shield: boolean) {
    this.kind = kind;
    this.name = name;
    this.runtime = runtime;
    if (shield) this.bits = SHIELDED;
    this.flags = runtime.slow ? SLOW : 0;
  }

  /** Hangs it, once, under the status in which its block begins. */
  bind(parent: CancelStatus): this {
    this.runtime = parent.runtime;
    this.task = parent.task;
    this.parent = parent;
    this.flags |= parent.flags & SLOW;
    adopt(parent, this);
    if (parent.cancelled) recompute(this, false);
    if ((this.flags & SLOW) !== 0) this.runtime.observer?.opened(this);
    return this;
  }

  /** Whether cancellation of the parent is invisible here. */
  get shielded(): boolean {
    return (this.bits & SHIELDED) !== 0;
  }

  /** Whether its block has been left. Never unset. */
  get closed(): boolean {
    return (this.bits & CLOSED) !== 0;
  }

  /** Whether an `AbortSignal` that was given out here or below has aborted. */
  get signalAborted(): boolean {
    return (this.bits & SIGNAL_ABORTED) !== 0;
  }

  /** Effectively cancelled: the next checkpoint raises. */
  get cancelled(): boolean {
    return (this.flags & CANCELLED) !== 0;
  }

  /** Whether it was effectively cancelled at some time. */
  get wasCancelled(): boolean {
    return (this.flags & WAS_CANCELLED) !== 0;
  }

  /** Whether this status, and not one further out, has to catch the cancellation at its exit: the outermost wins. */
  get catches(): boolean {
    return this.cancelled && (this.shielded || this.parent === undefined || !this.parent.cancelled);
  }

  /** Cancels this status and all unshielded ones below, then aborts what is parked there. Idempotent. */
  cancel(reason: CancelReason): void {
    if (this.own !== undefined || this.closed) return;
    this.own = reason;
    this.deadline?.cancel(); // it has nothing left to do, and would keep the process alive
    if (this.runtime.observer !== undefined) this.runtime.observer.scopeCancelled(this, reason);
    if (!this.cancelled) recompute(this, false);
  }

  /** Raises or lowers the shield; acts at once. */
  setShield(shield: boolean): void {
    if (this.shielded === shield || this.closed) return;
    this.bits ^= SHIELDED;
    recompute(this, false);
  }

  /** Hangs this status, with all below it, under another parent; acts at once. */
  move(parent: CancelStatus): void {
    if (this.closed || this.parent === parent) return;
    abandon(this);
    this.parent = parent;
    adopt(parent, this);
    recompute(this, false);
  }

  /**
   * The block has been left: from now on this status counts as cancelled, for good, and whatever is still parked in it
   * is aborted. Idempotent.
   */
  close(): void {
    if (this.closed) return;
    this.bits |= CLOSED;
    this.deadline?.cancel();
    abandon(this);
    if (this.firstChild === undefined && this.waiters === undefined) this.flags |= CANCELLED | WAS_CANCELLED;
    else recompute(this, true);
  }

  /** Notes, here and above, that a signal which was given out has aborted. */
  noteSignalAborted(): void {
    for (let status: CancelStatus | undefined = this; status?.signalAborted === false; status = status.parent)
      status.bits |= SIGNAL_ABORTED;
  }

  /** Marks a status of a task: code inside it, and inside what is opened there, belongs to the task. */
  belongTo(task: Task): void {
    this.task = task;
  }

  /** Wants the slow path here and in what will be opened below. */
  slowDown(): void {
    this.flags |= SLOW;
  }
}

/** The reason to report for a status that is effectively cancelled. */
export function reasonOf(status: CancelStatus): CancelReason {
  return status.reason ?? { source: "scope-closed", scope: status.name };
}

function isEffective(status: CancelStatus): boolean {
  if (status.own !== undefined || status.closed) return true;
  return !status.shielded && status.parent !== undefined && status.parent.cancelled;
}

/**
 * Makes `flags` true again below `top` after a change at `top`: first marks the whole subtree, iteratively, then
 * aborts what is parked. An abort may change the tree, so nothing is aborted before everything is marked.
 */
function recompute(top: CancelStatus, leaving: boolean): void {
  const cancelled: CancelStatus[] = [];
  if (leaving && top.cancelled && top.waiters !== undefined) cancelled.push(top); // it was cancelled before it was left; only its waiters remain
  let status = top;
  for (;;) {
    const changed = mark(status);
    if (changed && status.cancelled && status.waiters !== undefined) cancelled.push(status);
    if ((changed || status === top) && status.firstChild !== undefined) {
      status = status.firstChild;
      continue;
    }
    while (status !== top && status.next === (status.parent as CancelStatus).firstChild)
      status = status.parent as CancelStatus;
    if (status === top) break;
    status = status.next;
  }
  let error: Cancelled | undefined;
  for (const each of cancelled) {
    if (!each.cancelled || each.waiters === undefined) continue;
    const reason = reasonOf(each);
    // One for all: a hundred thousand would be a third of what it costs to cancel as many tasks. AbortSignals do the same.
    if (error?.reason !== reason) error = makeCancelled(reason);
    abortWaiters(each, error, leaving);
  }
}

/** Sets the flags of one status; says whether it changed, that is, whether its children have to be looked at. */
function mark(status: CancelStatus): boolean {
  const effective = isEffective(status);
  if (effective === status.cancelled) return false;
  if (effective) {
    status.flags |= CANCELLED | WAS_CANCELLED;
    // a status that was only left keeps no reason: reasonOf() words it when somebody asks
    status.reason ??= status.own ?? (status.closed ? undefined : reasonOf(status.parent as CancelStatus));
  } else {
    status.flags &= ~CANCELLED;
    status.reason = undefined;
  }
  return true;
}

function abortWaiters(status: CancelStatus, error: Cancelled, leaving: boolean): void {
  const first = status.waiters as Waiter;
  if (first.next === first) {
    abortWaiter(first, error, leaving);
    return;
  }
  // A copy, because an abort may end other waits of the ring; it may also lift the cancellation again, by a shield.
  const waiters: Waiter[] = [];
  let waiter = first;
  do {
    waiters.push(waiter);
    waiter = waiter.next;
  } while (waiter !== first);
  for (const each of waiters) if (each.linked && status.cancelled) abortWaiter(each, error, true);
}

function abortWaiter(waiter: Waiter, error: Cancelled, quiet: boolean): void {
  if (waiter.shielded) return;
  unlink(waiter);
  try {
    waiter.abort(error, quiet);
  } catch (bug) {
    // cancel() never throws, and must not leave anybody behind
    const what = waiter.label === undefined ? "a hook" : `"${waiter.label}"`;
    const message = `Undoing ${what} failed. This is a bug in the package that it belongs to; please report it.`;
    waiter.status.runtime.onSystemCrash(new InternalError(message, { cause: bug }));
  }
}

function adopt(parent: CancelStatus, child: CancelStatus): void {
  const first = parent.firstChild;
  if (first === undefined) {
    parent.firstChild = child;
    return;
  }
  const last = first.prev;
  last.next = child;
  child.prev = last;
  child.next = first;
  first.prev = child;
}

function abandon(child: CancelStatus): void {
  const parent = child.parent;
  if (parent === undefined) return;
  const { prev, next } = child;
  if (next === child) {
    parent.firstChild = undefined;
    return;
  }
  prev.next = next;
  next.prev = prev;
  if (parent.firstChild === child) parent.firstChild = next;
  child.prev = child;
  child.next = child;
}

import { reasonOf, SLOW, type CancelStatus } from "./cancel-status.ts";
import { type Cancelled, makeCancelled } from "./errors.ts";
import { currentStatus } from "./runtime.ts";
import type { Resumption } from "./scheduler.ts";
import { noticeParked, noticeResumed } from "./slow-path.ts";
import { allowUnhandled, mustBeHandled } from "./unhandled.ts";
import { link, unlink, Waiter } from "./waiter.ts";

/*
 * The only place where control is given up. Everything that waits (sleep, channels, locks, joins) makes a `Parked` here
 * and is woken by exactly one of: `resume`, `fail`, a cancellation.
 *
 *     state \ event   resume           fail             cancellation
 *     parked          -> resumed       -> failed        -> failed (after onAbort)
 *     resumed         false            false            nothing
 *     failed          false            false            nothing
 *
 * The state is decided at once; the promise may be settled a turn later (see scheduler.ts). So a value that was handed
 * over stays handed over, whatever is cancelled afterwards.
 */

/** The state of an operation that waits. Numbers, because this is the hottest object of all; changed only in this file. */
const PARKED = 0;
const RESUMED = 1;
const FAILED = 2;

/**
 * Undoes what the operation has put into queues when a cancellation ends it. Called at most once, synchronously from
 * `cancel()`. What it throws is a bug in a package, an `InternalError` of the run; the cancellation goes on.
 */
export type OnAbort = (operation: Wait) => void;

/** A parked operation, whatever it waits for. */
export type Wait = Pick<Parked<unknown>, "label" | "status" | "data">;

const settled: Promise<void> = Promise.resolve();

let capturedResolve: (value: never) => void;
let capturedReject: (error: unknown) => void;
// One executor for all promises: a closure for each would cost an allocation on the hottest path.
function capture(resolve: (value: never) => void, reject: (error: unknown) => void): void {
  capturedResolve = resolve;
  capturedReject = reject;
}

/** An operation that waits. Made by {@link park}. */
export class Parked<T> extends Waiter implements Resumption {
  /** Settles when the operation was resumed, failed or cancelled. Give it to the caller. */
  readonly promise: Promise<T>;
  readonly label: string;
  /** For whoever parked: what belongs to this wait, such as its place in a queue. Nobody else touches it. */
  data: unknown = undefined;
  private state = PARKED;
  /** The value, or the error, until it is delivered. */
  private result: unknown = undefined;
  private readonly onAbort: OnAbort | undefined;
  private readonly resolve: (value: T) => void;
  private readonly reject: (error: unknown) => void;

  /** @internal */
  constructor(status: CancelStatus, label: string, onAbort: OnAbort | undefined) {
    super(status);
    this.label = label;
    this.onAbort = onAbort;
    this.promise = new Promise(capture);
    this.resolve = capturedResolve as (value: T) => void;
    this.reject = capturedReject;
  }

  /** Whether it still waits. False right after `park` in a cancelled scope: do not put it into a queue then. */
  get pending(): boolean {
    return this.state === PARKED;
  }

  /**
   * Ends the wait with a value. False, and nothing happens, if it has already ended.
   *
   * @param behind - Lets the caller's code go on first. Two tasks with a buffer between them then part from its edge, where
   *   each item parks one of them; see docs/decisions/0013.
   */
  resume(value: T, behind = false): boolean {
    return this.end(RESUMED, value, behind);
  }

  /** Ends the wait with an error. False, and nothing happens, if it has already ended. */
  fail(error: unknown): boolean {
    return this.end(FAILED, error, false);
  }

  /** @internal */
  abort(cancelled: Cancelled, quiet: boolean): void {
    // The caller (cancel-status.ts) has unlinked it, so end() would not see that it leaves the status.
    if (this.state !== PARKED) return;
    this.state = FAILED; // decided before onAbort runs: what it touches may try to resume this very operation
    if (quiet) allowUnhandled(this.promise);
    try {
      this.onAbort?.(this);
    } finally {
      this.conclude(FAILED, cancelled, false);
    }
  }

  /** @internal The scheduler lets it through. */
  deliver(): void {
    const { result } = this;
    this.result = undefined;
    if (this.state === RESUMED) this.resolve(result as T);
    else this.reject(result);
  }

  /** @internal Begins the wait, or refuses it in a cancelled status. */
  begin(): void {
    const { status } = this;
    if (status.flags !== 0) {
      if ((status.flags & SLOW) !== 0) noticeParked(this);
      if (status.cancelled && !this.shielded) {
        this.state = FAILED;
        const reason = reasonOf(status);
        if (!mustBeHandled(reason)) allowUnhandled(this.promise);
        this.result = makeCancelled(reason);
        if ((status.flags & SLOW) !== 0) noticeResumed(this);
        status.runtime.scheduler.resume(this);
        return;
      }
    }
    link(this);
    this.countAsParked();
  }

  private end(state: typeof RESUMED | typeof FAILED, result: unknown, behind: boolean): boolean {
    if (this.state !== PARKED) return false;
    unlink(this);
    this.conclude(state, result, behind);
    return true;
  }

  private conclude(state: typeof RESUMED | typeof FAILED, result: unknown, behind: boolean): void {
    this.state = state;
    this.result = result;
    this.countAsMoving();
    const { status } = this;
    if ((status.flags & SLOW) !== 0) noticeResumed(this);
    const { scheduler } = status.runtime;
    if (!behind) scheduler.resume(this);
    else
      void settled.then(() => {
        scheduler.resume(this);
      });
  }

  /** @internal Tells the task that one of its flows waits; see Task.parkedFlows. */
  protected countAsParked(): void {
    this.status.task?.flowParked();
  }

  /** @internal */
  protected countAsMoving(): void {
    this.status.task?.flowMoved();
  }
}

/** A wait for something outside the library (a foreign promise, a socket): to the mock clock its task is not parked. */
class ParkedAbroad<T> extends Parked<T> {
  override get abroad(): boolean {
    return true;
  }
  protected override countAsParked(): void {
    // its task counts as moving all the time
  }
  protected override countAsMoving(): void {
    // likewise
  }
}

/** A wait that no cancellation ends. */
class ParkedShielded<T> extends Parked<T> {
  override get shielded(): boolean {
    return true;
  }
}

/**
 * Begins a wait in the current status: the one seam at which control is given up. Never throws: in a cancelled scope the
 * operation comes back already failed (`pending` is false) and must not be put into a queue.
 *
 * @checkpoint always (its promise)
 * @param label - What is waited for, for the task tree: `"channel.receive"`.
 * @param onAbort - Undoes the wait when it is cancelled: takes the operation out of every queue. Called synchronously
 *   from `cancel()`, at most once, before the promise rejects with `Cancelled`.
 */
export function park<T>(label: string, onAbort?: OnAbort, status: CancelStatus = currentStatus()): Parked<T> {
  const operation = new Parked<T>(status, label, onAbort);
  operation.begin();
  return operation;
}

/** Like {@link park}, for a wait for something that is not ours: the mock clock does not take its task for parked. */
export function parkAbroad<T>(
  label: string,
  onAbort?: OnAbort,
  status: CancelStatus = currentStatus(),
): Parked<T> {
  const operation = new ParkedAbroad<T>(status, label, onAbort);
  operation.begin();
  return operation;
}

/** Like {@link park}, but no cancellation ends it: the exit of a nursery, the way back into a lock. */
export function parkShielded<T>(label: string): Parked<T> {
  const operation = new ParkedShielded<T>(currentStatus(), label, undefined);
  operation.begin();
  return operation;
}

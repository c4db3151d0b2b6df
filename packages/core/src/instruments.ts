import type { CancelReason } from "./cancel-reason.ts";
import type { CancelStatus, StatusKind } from "./cancel-status.ts";
import type { Task } from "./task.ts";

/**
 * Hooks into the life of a run, for tracing and metrics; given as `run(main, { instruments })`. They are called
 * synchronously and must be quick. One that throws is reported and removed; the program goes on.
 */
export interface Instrument {
  /** A task was made; it has not begun. */
  taskSpawned?(task: Task): void;
  /** A task has ended; its `status` says how. */
  taskExited?(task: Task): void;
  /** An operation begins to wait. */
  parked?(task: Task | undefined, label: string): void;
  /** An operation that waited goes on, with a value, an error or a cancellation. */
  resumed?(task: Task | undefined, label: string): void;
  /** A scope, nursery or task was cancelled itself (not by a scope around it). */
  scopeCancelled?(scope: { readonly kind: StatusKind; readonly name: string }, reason: CancelReason): void;
}

/** What the core tells whoever watches a runtime. */
export interface Observer {
  opened(status: CancelStatus): void;
  taskSpawned(task: Task): void;
  /** A task is about to end with this error. */
  taskFailed?(task: Task, error: unknown): void;
  taskExited(task: Task): void;
  /** A checkpoint that need not wait. */
  passed(status: CancelStatus): void;
  parked(status: CancelStatus, label: string): void;
  resumed(status: CancelStatus, label: string): void;
  scopeCancelled(status: CancelStatus, reason: CancelReason): void;
  /** A reason, made in a call of `cancel()`, to which the place of the call may be added. */
  withCancelSite?(reason: CancelReason): CancelReason;
}

/** Passes what happens on to a list of instruments. */
export class InstrumentObserver implements Observer {
  private instruments: readonly Instrument[];

  constructor(instruments: readonly Instrument[]) {
    this.instruments = instruments;
  }

  opened(): void {
    // instruments see tasks and cancellations; every scope would be too much
  }

  taskSpawned(task: Task): void {
    this.tell((each) => each.taskSpawned?.(task));
  }

  taskExited(task: Task): void {
    this.tell((each) => each.taskExited?.(task));
  }

  passed(): void {
    // likewise
  }

  parked(status: CancelStatus, label: string): void {
    this.tell((each) => each.parked?.(status.task, label));
  }

  resumed(status: CancelStatus, label: string): void {
    this.tell((each) => each.resumed?.(status.task, label));
  }

  scopeCancelled(status: CancelStatus, reason: CancelReason): void {
    this.tell((each) => each.scopeCancelled?.({ kind: status.kind, name: status.name }, reason));
  }

  private tell(event: (instrument: Instrument) => void): void {
    for (const each of this.instruments) {
      try {
        event(each);
      } catch (error) {
        this.instruments = this.instruments.filter((other) => other !== each);
        console.error("espalier: an instrument threw, and was removed:", error);
      }
    }
  }
}

import type { CancelReason } from "./cancel-reason.ts";
import { withCancelSite } from "./cancel-site.ts";
import { CancelStatus } from "./cancel-status.ts";
import { ambientStatus, goInto, runIn } from "./context.ts";
import { isThenable } from "./thenable.ts";
import { unwind } from "./unwinding.ts";

/*
 * The task record. Its life:
 *
 *     pending -> running -> succeeded | failed | cancelled
 *
 * Changed only in this file. Every live task is reachable from the root of its runtime (root -> status -> task), so none
 * is ever garbage-collected before it ends.
 */

/** Where a task stands. */
export type TaskState<T> =
  | { readonly kind: "pending" }
  | { readonly kind: "running" }
  | { readonly kind: "succeeded"; readonly value: T }
  | { readonly kind: "failed"; readonly error: unknown }
  /** Ended by a `Cancelled`; `caught` if the task itself was what had been cancelled, so that nobody else has to care. */
  | { readonly kind: "cancelled"; readonly error: unknown; readonly caught: boolean };

export type TaskStatus = TaskState<unknown>["kind"];

const pending = { kind: "pending" } as const;
const running = { kind: "running" } as const;
const begun: Promise<void> = Promise.resolve();

/** A body of code that runs on its own, with a cancel status of its own. */
export abstract class Task<T = unknown> {
  readonly name: string;
  /** @internal */
  readonly cancelStatus: CancelStatus;
  /** @internal */
  state: TaskState<T> = pending;
  /**
   * How many waits of ours are open in the task: several under `Promise.all`. Invariant: while the task lives, it is
   * counted in `runtime.movingTasks` exactly if this is 0.
   */
  private parkedFlows = 0;

  /** @internal */
  constructor(name: string, parent: CancelStatus) {
    this.name = name;
    this.cancelStatus = new CancelStatus("task", name, parent.runtime, false).bind(parent);
    this.cancelStatus.belongTo(this as Task);
    const { runtime } = parent;
    runtime.movingTasks++;
    runtime.observer?.taskSpawned(this as Task);
  }

  /** Where the task stands. */
  get status(): TaskStatus {
    return this.state.kind;
  }

  /** Whether the task has ended, however. */
  get ended(): boolean {
    return this.state !== pending && this.state !== running;
  }

  /**
   * Cancels the task, and only it: its next checkpoint raises, and it ends as `cancelled`. Sync and idempotent; the first
   * reason wins.
   */
  cancel(reason?: unknown): void {
    const cause: CancelReason =
      reason === undefined
        ? { source: "explicit", scope: this.name }
        : { source: "explicit", reason, scope: this.name };
    this.cancelStatus.cancel(withCancelSite(this.cancelStatus.runtime, cause));
  }

  /** @internal Starts the body once its turn has come, in the caller's context variables. Runs none of it now. */
  startSoon(body: () => Promise<T> | T): void {
    const insideSome = ambientStatus() !== undefined;
    // A reaction registered here keeps the caller's other AsyncLocalStorage stores; ours is set inside.
    void (this.cancelStatus.runtime.scheduler.turn() ?? begun).then(() => {
      if (!insideSome) {
        this.startNow(body);
        return;
      }
      this.state = running;
      goInto(this.cancelStatus);
      begin(body);
    });
  }

  /** @internal Runs the body up to its first `await` before it returns. */
  startNow(body: () => Promise<T> | T): void {
    this.state = running;
    runIn(this.cancelStatus, begin, body);
  }

  /** @internal The body has ended with a value. */
  succeed(value: T): void {
    this.end({ kind: "succeeded", value });
  }

  /** @internal The body has ended with an error. */
  fail(error: unknown): void {
    const outcome = unwind(this.cancelStatus, error, "task");
    if (outcome.kind === "failed") {
      this.cancelStatus.runtime.observer?.taskFailed?.(this as Task, outcome.error);
      this.end(outcome);
    } else this.end({ kind: "cancelled", error, caught: outcome.kind === "caught" });
  }

  /** @internal A flow of the task begins to wait. */
  flowParked(): void {
    const { runtime } = this.cancelStatus;
    if (this.parkedFlows++ === 0 && !this.ended) runtime.movingTasks--;
    runtime.blockedWatch?.noticeRest();
  }

  /** @internal A flow of the task goes on. */
  flowMoved(): void {
    if (--this.parkedFlows > 0 || this.ended) return;
    this.cancelStatus.runtime.movingTasks++;
  }

  /** @internal What the owner of the task has to do when it has ended. */
  protected abstract onEnd(): void;

  private end(state: TaskState<T>): void {
    const { runtime } = this.cancelStatus;
    // Leave first: a flow that is still parked is no longer the task's, and no longer counted.
    const moving = this.parkedFlows === 0;
    this.state = state;
    if (moving && --runtime.movingTasks === 0) runtime.blockedWatch?.noticeRest();
    this.cancelStatus.close();
    runtime.observer?.taskExited(this as Task);
    this.onEnd();
  }
}

/*
 * These run inside the status of the task, and know by it whose body they are about. Two closures for each task instead
 * would be a tenth of the memory of one that waits.
 */

function begin(body: () => unknown): void {
  let result: unknown;
  let pending: Promise<unknown> | undefined;
  try {
    result = body();
    if (isThenable(result)) pending = Promise.resolve(result); // in here: `then` may be a getter, and throw
  } catch (error) {
    failed(error);
    return;
  }
  if (pending === undefined) succeeded(result);
  else pending.then(succeeded, failed);
}

function succeeded(value: unknown): void {
  runningTask().succeed(value);
}

function failed(error: unknown): void {
  runningTask().fail(error);
}

function runningTask(): Task {
  return (ambientStatus() as CancelStatus).task as Task;
}

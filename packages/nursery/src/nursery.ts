import { CancelScope } from "@espalier/cancel-scope";
import { type CancelReason, MisuseError } from "@espalier/core";
import {
  checkBody,
  checkBoolean,
  checkOptions,
  currentStatus,
  makeCancelled,
  type Parked,
  parkShielded,
  quietly,
  reasonOf,
  shieldedCheckpoint,
  unwind,
  type CancelStatus,
} from "@espalier/core/lowlevel";
import { ChildTask, type Task } from "./child-task.ts";
import { nurseryError } from "./nursery-error.ts";
import { PendingStart } from "./pending-start.ts";

/** Options of {@link openNursery}. */
export interface NurseryOptions {
  /** For the task tree and for messages; by default the name of the body, else `"nursery"`. */
  readonly name?: string;
}

/** Options of `startSoon` and `start`. */
export interface StartOptions {
  /** For the task tree and for messages; by default the name of the function, else `"task"`. */
  readonly name?: string;
  /** A daemon serves the others: it is cancelled when all of them, and the body, are done. */
  readonly daemon?: boolean;
}

/** Where tasks live: they all end before the block of the nursery is left. */
export interface Nursery {
  /**
   * Starts a child. It never runs any of `fn` before it returns. While a child lives, more can be started, also after the
   * body has ended, and from anywhere.
   *
   * @checkpoint never
   * @throws {MisuseError} the nursery is closed.
   * @throws {TypeError} `fn` is not a function (a promise: pass the function, not its result), or an option is of the wrong
   *   type.
   */
  startSoon<T>(fn: () => Promise<T> | T, options?: StartOptions): Task<T>;
  /**
   * Starts a child and waits until it says that it is ready, by `started(value)`. Until then the child lives under the
   * caller: cancelling the caller cancels it, and its error comes out of this call, unwrapped.
   *
   * @checkpoint never
   * @cancellation The child is cancelled too, and waited for. `started()` in a cancelled caller does not move the child.
   * @throws {MisuseError} the nursery is closed, or `fn` ended without calling `started`, or called it twice.
   * @throws {TypeError} `fn` is not a function, or an option is of the wrong type.
   * @throws whatever `fn` raises before it is ready.
   */
  start<S>(fn: (started: (value: S) => void) => Promise<unknown>, options?: StartOptions): Promise<S>;
  /** The same for a child that has nothing to hand over: it calls `started()`. */
  start(fn: (started: () => void) => Promise<unknown>, options?: StartOptions): Promise<void>;
  /** Cancels all that is in the nursery: children and body. */
  readonly cancelScope: CancelScope;
  /** The children that have not ended; a snapshot. */
  readonly tasks: ReadonlySet<Task>;
  readonly name: string;
}

/**
 * Opens a nursery, runs `body` in it and leaves when the body and every child have ended, however they do. If one of them
 * fails, the others are cancelled; all errors come out in one `NurseryError`. Gives the body's value, or `undefined` when
 * the body was ended by the nursery's own cancellation. After Trio's nurseries.
 *
 * @checkpoint on exit it waits and gives others a turn, but it is never itself the source of a `Cancelled`
 * @cancellation Of the scopes around it: raised by the checkpoints inside; when only that happened, one `Cancelled` goes on.
 *   With errors besides, the group holds the errors.
 * @throws {NurseryError} the body or a child failed.
 * @throws {TypeError} `body` is not a function, or the name is not a string.
 * @example
 * ```ts
 * import { openNursery } from "@espalier/nursery";
 * import { sleep } from "@espalier/core";
 *
 * await openNursery(async (nursery) => {
 *   nursery.startSoon(() => sleep(5));
 *   nursery.startSoon(() => sleep(10));
 * }); // 10 ms later: both are done
 * ```
 */
export async function openNursery<T>(
  body: (nursery: Nursery) => Promise<T> | T,
  options: NurseryOptions = {},
): Promise<T | undefined> {
  checkBody(body, "openNursery");
  checkOptions(options, "openNursery");
  const block = new NurseryBlock<T>(options.name ?? (body.name || "nursery"));
  try {
    await block.cancelScope.run(() => block.run(body));
    // eslint-disable-next-line espalier/no-swallowed-cancelled -- of errors and a cancellation, the errors leave (below)
  } catch (cancelled) {
    if (block.errors.length === 0) throw cancelled;
  }
  // Out here, because the nursery's own scope must not judge them again: it is cancelled by now, because of them, and would
  // take the AbortError of somebody's own controller for a part of that cancellation.
  if (block.errors.length > 0) throw nurseryError(block.name, block.errors);
  return block.value;
}

/**
 * The life of a nursery:
 *
 *     body runs -> children run -> daemons end -> closed
 *
 * and back from "daemons end" to "children run" when a daemon starts a child that is none. It is closed when nothing is
 * left, and takes children until then.
 */
class NurseryBlock<T> implements Nursery {
  readonly name: string;
  readonly cancelScope: CancelScope;
  /** What the body gave; `undefined` while it runs, and when it did not end well. */
  value: T | undefined = undefined;
  /** The status of the cancel scope, in which the children live; set before the body gets hold of the nursery. */
  #status!: CancelStatus;
  /** The body, every child that is not a daemon, every `start` that waits for its child. */
  #workers = 1;
  /** The children, daemons too, that have not ended. A count: what hangs under the status tells which they are. */
  #live = 0;
  /** Once set, never unset: nothing is left, and nothing is taken any more. */
  #closed = false;
  /** None or one. A list, because `undefined` can be thrown too. */
  #bodyErrors: readonly unknown[] = [];
  readonly #childErrors: unknown[] = [];
  /** Whether something in here was ended by a cancellation of the nursery, or of a scope around it. */
  #wasCancelled = false;
  #exit: Parked<void> | undefined = undefined;

  constructor(name: string) {
    this.name = name;
    this.cancelScope = new CancelScope({ name, kind: "nursery" });
  }

  get tasks(): ReadonlySet<Task> {
    return new Set(this.#children());
  }

  startSoon<U>(fn: () => Promise<U> | U, options?: StartOptions): Task<U> {
    checkBody(fn, "startSoon");
    this.#requireOpen("startSoon");
    const child = new ChildTask<U>(
      taskName(fn, options, "startSoon"),
      isDaemon(options, "startSoon.daemon"),
      this.#status,
      this.#childEnded,
    );
    this.#adopt(child as ChildTask<unknown>);
    child.startSoon(fn);
    return child;
  }

  start<S>(fn: (started: (value: S) => void) => Promise<unknown>, options?: StartOptions): Promise<S>;
  start(fn: (started: () => void) => Promise<unknown>, options?: StartOptions): Promise<void>;
  start(
    fn: (started: (value?: unknown) => void) => Promise<unknown>,
    options?: StartOptions,
  ): Promise<unknown> {
    return quietly(async () => {
      checkBody(fn, "start");
      this.#requireOpen("start");
      this.#workers++; // a pending start keeps the nursery open
      try {
        const pending = new PendingStart<unknown>(
          taskName(fn, options, "start"),
          isDaemon(options, "start.daemon"),
          (child) => {
            child.onEnded = this.#childEnded;
            this.#adopt(child);
            child.cancelStatus.move(this.#status);
          },
        );
        return await pending.run(fn);
      } finally {
        this.#workerEnded();
      }
    });
  }

  /** The body's error first, then the children's in order of failure. None of them is, or holds, a cancellation. */
  get errors(): readonly unknown[] {
    return [...this.#bodyErrors, ...this.#childErrors];
  }

  /** Runs inside the cancel scope: the body, then the wait for the children. Raises nothing but a `Cancelled`. */
  async run(body: (nursery: Nursery) => Promise<T> | T): Promise<void> {
    this.#status = currentStatus();
    try {
      this.value = await body(this);
    } catch (error) {
      this.#bodyEnded(error);
    }
    this.#workerEnded();
    await this.#waitForChildren();
    if (this.#wasCancelled) throw makeCancelled(reasonOf(this.#status));
  }

  #bodyEnded(error: unknown): void {
    const outcome = unwind(this.#status, error, "task");
    if (outcome.kind === "failed") this.#bodyErrors = [outcome.error];
    else this.#wasCancelled = true;
    this.#cancelAll(outcome.kind === "failed" ? outcome.error : undefined);
  }

  readonly #childEnded = (child: ChildTask<unknown>): void => {
    const { state } = child;
    if (state.kind === "failed") {
      this.#childErrors.push(state.error);
      this.#cancelAll(state.error);
    } else if (state.kind === "cancelled" && !state.caught) {
      this.#wasCancelled = true;
      this.#cancelAll(undefined);
    }
    this.#live--;
    if (child.daemon) this.#closeIfEmpty();
    else this.#workerEnded();
  };

  #adopt(child: ChildTask<unknown>): void {
    this.#live++;
    if (!child.daemon) this.#workers++;
    else if (this.#workers === 0) child.cancelStatus.cancel(this.#daemonsOnly());
  }

  #workerEnded(): void {
    if (--this.#workers > 0) return;
    for (const daemon of this.#children()) daemon.cancelStatus.cancel(this.#daemonsOnly());
    this.#closeIfEmpty();
  }

  #closeIfEmpty(): void {
    if (this.#workers > 0 || this.#live > 0) return;
    this.#closed = true;
    this.#exit?.resume();
  }

  /** Never itself the source of a `Cancelled`. */
  #waitForChildren(): Promise<void> {
    if (this.#closed) return shieldedCheckpoint();
    this.#exit = parkShielded<void>("nursery exit");
    return this.#exit.promise;
  }

  /** Not every task in the status is ours: the child of a `start` that waits may be under it, when the body called it. */
  #children(): ChildTask<unknown>[] {
    const children: ChildTask<unknown>[] = [];
    const first = this.#status.firstChild;
    for (let each = first; each !== undefined; each = each.next === first ? undefined : each.next) {
      const { task } = each;
      if (task?.cancelStatus === each && task instanceof ChildTask && task.onEnded === this.#childEnded)
        children.push(task);
    }
    return children;
  }

  #cancelAll(cause: unknown): void {
    if (this.#status.own === undefined)
      this.#status.cancel({ source: "nursery", reason: cause, scope: this.name });
  }

  #daemonsOnly(): CancelReason {
    return { source: "nursery", reason: "only daemons are left", scope: this.name };
  }

  #requireOpen(method: string): void {
    if (!this.#closed) return;
    throw new MisuseError(
      `${method}: the nursery "${this.name}" is closed, its block has been left. Start tasks inside the block, or keep it ` +
        "open with a child that waits.",
    );
  }
}

function taskName(fn: { readonly name: string }, options: StartOptions | undefined, method: string): string {
  checkOptions(options, method);
  return options?.name ?? (fn.name || "task");
}

function isDaemon(options: StartOptions | undefined, where: string): boolean {
  if (options?.daemon === undefined) return false;
  checkBoolean(options.daemon, where);
  return options.daemon;
}

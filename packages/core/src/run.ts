import { checkBody, checkBoolean, checkClock, checkOptions } from "./arguments.ts";
import { blockedWatchOf } from "./blocked-watch.ts";
import type { CancelReason } from "./cancel-reason.ts";
import type { Clock } from "./clock.ts";
import { ambientStatus } from "./context.ts";
import { watchForDryLoop } from "./deadlock-watch.ts";
import { DebugObserver } from "./debug.ts";
import { debugWanted } from "./debug-wanted.ts";
import { errorsText } from "./error-text.ts";
import { DeadlockError, type InternalError, MisuseError } from "./errors.ts";
import { type Instrument, InstrumentObserver, type Observer } from "./instruments.ts";
import { ambient, liveRuntimes, Runtime } from "./runtime.ts";
import type { Scheduler } from "./scheduler.ts";
import { Task, type TaskState } from "./task.ts";
import { describe, formatTaskTree } from "./task-tree.ts";

/** Options of {@link run}. */
export interface RunOptions {
  /** The name of the run and its main task in the task tree; by default the function's name, else `"main"`. */
  readonly name?: string;
  /** Another clock, such as `MockClock`; by default real, monotonic time. */
  readonly clock?: Clock;
  /** Hooks for tracing and metrics. */
  readonly instruments?: readonly Instrument[];
  /** Records where things were spawned and cancelled, and reports scopes that cannot be left; default: `ESPALIER_DEBUG=1`. */
  readonly debug?: boolean;
}

/** What tests may choose besides; see `runWith` in `@espalier/core/testing`. */
export interface RunInternals {
  /** Another order of resumptions. */
  readonly scheduler?: Scheduler;
  /** Takes a standstill (every task parked, no deadline left) for a deadlock at once, without waiting for the event loop. */
  readonly deadlockWhenBlocked?: boolean;
}

/**
 * Runs `main` as the root task of a tree of its own, and gives its value or raises its error. Everything else works
 * without it; it adds deadlock detection, a choice of clock, instruments and debug mode.
 *
 * When the event loop runs dry while `main` still waits, the main scope is cancelled and unwinds.
 *
 * @checkpoint never
 * @cancellation It is a root: no scope around it can be, see `MisuseError`.
 * @throws {DeadlockError} nothing is left that could wake `main`; the message holds the task tree of that moment, the cause
 *   what failed while it unwound.
 * @throws {MisuseError} it was called inside a task or scope; `detached` begins outside of them.
 * @throws {TypeError} `main` is not a function, or an option is of the wrong type.
 * @throws {InternalError} a system task failed; the cause is its error, with what else failed.
 * @example
 * ```ts
 * import { run, sleep } from "@espalier/core";
 * const answer = await run(async () => {
 *   await sleep(1);
 *   return 42;
 * });
 * ```
 */
export async function run<T>(main: () => Promise<T> | T, options: RunOptions = {}): Promise<T> {
  return startRun(main, options, {}, "run");
}

/** The whole of `run`, with what only tests may choose. */
export async function startRun<T>(
  main: () => Promise<T> | T,
  options: RunOptions,
  internals: RunInternals,
  caller: string,
): Promise<T> {
  checkBody(main, caller);
  checkRunOptions(options, caller);
  const around = ambientStatus();
  if (around !== undefined && around !== ambient.root) {
    throw new MisuseError(
      `${caller} was called inside the ${around.kind} "${around.name}", but a run is a root of its own. ` +
        `Call the function directly (open a nursery if it needs tasks), or use detached(() => ${caller}(...)).`,
    );
  }
  return new Run<T>(options, internals, main.name).start(main);
}

/** One run, from its start to its end. */
class Run<T> {
  private readonly runtime: Runtime;
  private readonly main: MainTask<T>;
  private readonly endOfMain: Promise<TaskState<T>>;
  private readonly cleanup: (() => void)[] = [];
  private readonly seeksDeadlock: boolean;
  /** The message of a deadlock, with the task tree of that moment. */
  private deadlock: string | undefined = undefined;
  private givenUp = false;
  /** Of system tasks. */
  private readonly crashes: InternalError[] = [];

  constructor(options: RunOptions, internals: RunInternals, mainName: string) {
    const name = options.name ?? (mainName || "main");
    this.runtime = new Runtime({
      name,
      clock: options.clock,
      scheduler: internals.scheduler,
      observer: observerFor(options),
      onSystemCrash: (error) => {
        this.crashes.push(error);
        this.main.cancelStatus.cancel({ source: "shutdown", reason: error, scope: name });
      },
    });
    this.seeksDeadlock = internals.deadlockWhenBlocked === true;
    const main = new MainTask<T>(name, this.runtime.root);
    this.main = main;
    this.endOfMain = new Promise((resolve) => {
      main.whenEnded = resolve;
    });
  }

  async start(body: () => Promise<T> | T): Promise<T> {
    try {
      liveRuntimes.add(this.runtime);
      this.attachClock();
      this.cleanup.push(watchForDryLoop(this.onDryLoop));
      if (this.seeksDeadlock) this.watchForStandstill(false);
      this.main.startNow(body);
      return await this.result(await this.endOfMain); // awaited here: system tasks end under the clock of their run
    } finally {
      for (const undo of this.cleanup) undo();
      this.runtime.root.close();
      liveRuntimes.delete(this.runtime);
    }
  }

  private attachClock(): void {
    const { deadlines, clock } = this.runtime;
    const detach = clock.attach?.({
      timeChanged: deadlines.check,
      nextDeadline: () => deadlines.next,
      whenBlocked: (request, afterNextMove) => blockedWatchOf(this.runtime).add(request, afterNextMove),
    });
    if (detach !== undefined) this.cleanup.push(detach);
  }

  private async result(state: TaskState<T>): Promise<T> {
    await this.runtime.systemTasks?.shutDown();
    const [crash, ...others] = this.crashes;
    if (crash !== undefined) throw withCauses(crash, [...others, ...failureOf(state)]);
    if (this.deadlock !== undefined) throw withCauses(new DeadlockError(this.deadlock), failureOf(state));
    if (state.kind === "succeeded") return state.value;
    throw (state as { error: unknown }).error;
  }

  /** First the main scope unwinds; if the loop runs dry again, what is left waits for something that will never come. */
  private readonly onDryLoop = (): void => {
    if (this.main.ended) return;
    if (this.deadlock === undefined) this.unwindDeadlock();
    else {
      this.givenUp = true;
      this.main.giveUp();
    }
  };

  private watchForStandstill(afterNextMove: boolean): void {
    const withdraw = blockedWatchOf(this.runtime).add(
      {
        cushionMs: 0,
        rank: 2,
        foreignQuietMs: Infinity,
        wake: () => {
          if (this.main.ended) return;
          const sleeps = this.runtime.deadlines.next !== Infinity;
          if (!sleeps) this.onDryLoop();
          // The unwinding may move nothing, because what is left is shielded: then the standstill is looked at again.
          if (sleeps || !this.givenUp) this.watchForStandstill(sleeps);
        },
      },
      afterNextMove,
    );
    this.cleanup.push(withdraw);
  }

  private unwindDeadlock(): void {
    const tree = shortened(formatTaskTree([describe(this.runtime.root)]));
    this.deadlock = `Every task waits, and nothing is left that could wake one:\n${tree}`;
    const reason: CancelReason = { source: "explicit", reason: "deadlock", scope: this.main.name };
    this.main.cancelStatus.cancel(reason);
  }
}

/**
 * Checks the options of a run, for a function that begins one later, or elsewhere.
 *
 * @throws {TypeError} one of the wrong type.
 */
export function checkRunOptions(options: RunOptions, caller: string): void {
  checkOptions(options, caller);
  const { clock, instruments, debug } = options;
  if (clock !== undefined) checkClock(clock, `${caller}.clock`);
  if (debug !== undefined) checkBoolean(debug, `${caller}.debug`);
  if (instruments !== undefined && !Array.isArray(instruments))
    throw new TypeError(`${caller}.instruments needs a list of instruments: [instrument].`);
}

/** Whoever was asked to watch; `undefined` is what makes checkpoints fast. */
function observerFor({ instruments, debug = debugWanted() }: RunOptions): Observer | undefined {
  const instrumented =
    instruments === undefined || instruments.length === 0 ? undefined : new InstrumentObserver(instruments);
  return debug ? new DebugObserver(instrumented) : instrumented;
}

class MainTask<T> extends Task<T> {
  whenEnded: ((state: TaskState<T>) => void) | undefined = undefined;

  /** Ends the run although the body of main has not ended, because it never will. */
  giveUp(): void {
    this.cancelStatus.close();
    this.whenEnded?.(this.state);
  }

  protected onEnd(): void {
    this.whenEnded?.(this.state);
  }
}

/** What main failed with, beside what ends the run anyway: none or one. Being cancelled is no failure. */
function failureOf(state: TaskState<unknown>): unknown[] {
  return state.kind === "failed" ? [state.error] : [];
}

/** The same error, with what else went wrong in its `cause`: nothing that failed on the way out is lost. */
function withCauses<E extends Error>(error: E, more: readonly unknown[]): E {
  if (more.length === 0) return error;
  const causes = "cause" in error ? [error.cause, ...more] : more;
  const cause = causes.length === 1 ? causes[0] : new AggregateError(causes, errorsText(causes));
  return Object.defineProperty(error, "cause", { value: cause, writable: true, configurable: true });
}

/** A message has to stay readable, also when 100,000 tasks wait. */
function shortened(tree: string): string {
  const most = 200;
  const lines = tree.split("\n");
  if (lines.length <= most) return tree;
  return [...lines.slice(0, most), `... and ${lines.length - most} more lines`].join("\n");
}

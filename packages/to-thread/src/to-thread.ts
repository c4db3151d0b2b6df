import { Cancelled } from "@espalier/core";
import {
  checkDuration,
  currentStatus,
  isThenable,
  parkAbroad,
  refusal,
  type Wait,
} from "@espalier/core/lowlevel";
import type { CapacityLimiter } from "@espalier/sync";
import { AsyncLocalStorage } from "node:async_hooks";
import type { Transferable } from "node:worker_threads";
import { Call, type OnCancel } from "./call.ts";
import { captureStores } from "./carry-store.ts";
import type { Lane } from "./lane.ts";
import { joinStack } from "./join-stack.ts";
import type { Target } from "./target.ts";
import { targetOf } from "./thread-function.ts";
import { threadLimiter } from "./thread-limiter.ts";
import { threadPool } from "./thread-pool.ts";

/** Options of {@link toThread}. */
export interface ToThreadOptions {
  /**
   * What happens when the scope around the call is cancelled after the call has begun. (One that has not is taken back, and
   * did not happen.) In each case `checkCancelled()` raises in the thread, and an async function there is cancelled.
   *
   * - `"wait"`, the default: the call is waited for, and counts. If it ends with `Cancelled`, that is raised.
   * - `"abandon"`: `Cancelled` is raised at once, or when the callback has ended that runs. The thread goes on alone, and its
   *   outcome is dropped.
   * - `{ graceMs }`: as `"wait"`, for so many milliseconds. Then the thread is terminated, and `Cancelled` is raised.
   */
  readonly onCancel?: OnCancel;
  /** Decides how many run, instead of `threadLimiter`. A token is held until the thread is really free. */
  readonly limiter?: CapacityLimiter;
  /** What is moved to the thread instead of being copied: `ArrayBuffer`s, `MessagePort`s and the like in the arguments. */
  readonly transfer?: readonly Transferable[];
}

/**
 * Calls a function of a thread module, with options.
 *
 * Functions among the arguments are callbacks: the thread calls them as ordinary functions, and blocks until the caller's
 * side, which may be async, is done. They run in the task and the scope of the caller.
 *
 * @checkpoint always
 * @cancellation Before the call has begun: it does not happen. Afterwards: see {@link ToThreadOptions.onCancel}.
 * @param fn - A function of a `threadModule`.
 * @param args - Its arguments. They are copied when they are sent to a thread, which may be later: do not change them while
 *   the call lasts.
 * @throws {Cancelled} the current scope was cancelled before the call began, or the call ended because of it.
 * @throws {NotCloneableError} an argument, the result or what was thrown cannot be cloned.
 * @throws {ThreadModuleError} the module cannot be loaded, or has no such function.
 * @throws {ThreadDiedError} the thread ended in the middle of the call.
 * @throws {RangeError} `graceMs` is negative or NaN.
 * @throws {TypeError} `fn` is not a function of a thread module, or an option is wrong.
 * @throws What the function throws: its class if that is built in or ours, else the nearest built-in class with its name.
 */
export function toThread<A extends readonly unknown[], R>(
  fn: (...args: A) => Promise<R>,
  args: NoInfer<A>,
  options: ToThreadOptions = {},
): Promise<R> {
  const target = targetOf(fn);
  if (target === undefined) return Promise.reject(notOfAModule(fn));
  if (!Array.isArray(args))
    return Promise.reject(new TypeError("toThread needs the arguments as an array: toThread(fn, [a, b])."));
  return callThread(target, args, options) as Promise<R>;
}

/** Calls a function in a thread. */
export function callThread(
  target: Target,
  args: readonly unknown[],
  options: ToThreadOptions,
): Promise<unknown> {
  const own: OwnPromise = { promise: undefined };
  own.promise = perform(own, target, args, options);
  return own.promise;
}

/** The promise of an async function, for that function itself. */
interface OwnPromise {
  promise: Promise<unknown> | undefined;
}

async function perform(
  own: OwnPromise,
  target: Target,
  args: readonly unknown[],
  options: ToThreadOptions,
): Promise<unknown> {
  const { limiter = threadLimiter } = options;
  checkOptions(options);
  const lane = threadPool.laneOf(limiter);
  let call: Call | undefined;
  try {
    const denied = refusal();
    if (denied !== undefined) return await denied;
    call = makeCall(lane, target, args, options);
    const operation = parkAbroad<unknown>("toThread", cancelCall);
    if (operation.pending) {
      operation.data = call;
      call.waitIn(operation);
      lane.submit(call);
    }
    return await operation.promise;
    // eslint-disable-next-line espalier/no-swallowed-cancelled -- a call that goes on is waited for below
  } catch (error) {
    // Cancelled after it had begun: how it ends is what counts, except for one that was abandoned.
    if (call?.late === undefined) {
      await call?.callback;
      throw asItLeaves(error, own);
    }
  }
  try {
    return await call.late;
  } catch (error) {
    throw asItLeaves(error, own);
  }
}

function asItLeaves(error: unknown, own: OwnPromise): unknown {
  try {
    // A call that outlives its scope is cancelled, with nobody there to hear of it: the next checkpoint raises it again.
    if (error instanceof Cancelled) own.promise?.catch(() => undefined);
    else joinStack(error);
  } catch {
    // A callback may have thrown anything, a sealed error or a proxy: it leaves as it is.
  }
  return error;
}

function makeCall(lane: Lane, target: Target, args: readonly unknown[], options: ToThreadOptions): Call {
  const callbacks = callbacksAmong(args);
  return new Call({
    target,
    args:
      callbacks === undefined ? args : args.map((each) => (typeof each === "function" ? undefined : each)),
    callbacks,
    inContext: callbacks === undefined ? undefined : AsyncLocalStorage.snapshot(),
    stores: captureStores(),
    transfer: options.transfer ?? [],
    onCancel: options.onCancel ?? "wait",
    status: currentStatus(),
    lane,
  });
}

function cancelCall(operation: Wait): void {
  (operation.data as Call).cancel();
}

function callbacksAmong(args: readonly unknown[]): Map<number, (...args: unknown[]) => unknown> | undefined {
  let found: Map<number, (...args: unknown[]) => unknown> | undefined;
  for (let i = 0; i < args.length; i++) {
    const each = args[i];
    if (typeof each === "function") (found ??= new Map()).set(i, each as (...args: unknown[]) => unknown);
  }
  return found;
}

function checkOptions(options: ToThreadOptions): void {
  // Not by its type: JavaScript has none.
  const { onCancel, limiter, transfer } = options as Record<keyof ToThreadOptions, unknown>;
  if (typeof onCancel === "object" && onCancel !== null && "graceMs" in onCancel)
    checkDuration(onCancel.graceMs as number, "toThread.onCancel.graceMs");
  else if (onCancel !== undefined && onCancel !== "wait" && onCancel !== "abandon")
    throw new TypeError('toThread.onCancel is "wait", "abandon" or { graceMs }.');
  if (
    limiter !== undefined &&
    typeof (limiter as Partial<CapacityLimiter> | null)?.acquireNowait !== "function"
  )
    throw new TypeError("toThread.limiter needs a CapacityLimiter (of @espalier/sync).");
  if (transfer !== undefined && !Array.isArray(transfer))
    throw new TypeError("toThread.transfer needs a list of what is to be moved.");
}

function notOfAModule(fn: unknown): TypeError {
  if (isThenable(fn)) {
    // It may reject, and nobody will look at it.
    Promise.resolve(fn).catch(() => undefined);
    return new TypeError(
      "toThread: you passed a promise; pass the function, and its arguments as an array: toThread(fn, [a, b]).",
    );
  }
  return new TypeError(
    "toThread needs a function of a thread module: threadModule<typeof import('./x.js')>(new URL('./x.js', import.meta.url)).fn. " +
      "A function of this thread cannot be sent to another.",
  );
}

import {
  makeCancelled,
  type CancelStatus,
  type Parked,
  reasonOf,
  setDeadline,
  whenCancelled,
  isThenable,
  CancelStatus as Status,
} from "@espalier/core/lowlevel";
import type { Transferable } from "node:worker_threads";
import type { CarriedValues } from "./carry-store.ts";
import { Crossings } from "./crossings.ts";
import type { Lane } from "./lane.ts";
import type { PoolThread } from "./pool-thread.ts";
import type { Target } from "./target.ts";

/** What happens to a call that has begun when its scope is cancelled. */
export type OnCancel = "wait" | "abandon" | { readonly graceMs: number };

/** Where a call stands. Changed only in this file. */
export type CallPlace =
  /** In the line of its lane. */
  | { readonly kind: "waiting" }
  /** In a thread: begun, or sent ahead. The shared word knows which. */
  | { readonly kind: "sent"; readonly thread: PoolThread; readonly id: number }
  | { readonly kind: "ended" };

const waiting: CallPlace = { kind: "waiting" };
const ended: CallPlace = { kind: "ended" };

/** Who hears how the call ended. Changed only in this file. */
type Listener =
  /** The caller, parked; a cancellation may still end its wait. */
  | { readonly kind: "parked" }
  /** The caller, whose scope was cancelled after the call had begun, and which waits all the same. */
  | {
      readonly kind: "late";
      readonly resolve: (value: unknown) => void;
      readonly reject: (error: unknown) => void;
    }
  /** Nobody: the call was abandoned. */
  | { readonly kind: "nobody" };

/** Runs a function in the context in which the call was made. */
export type InContext = <R>(body: () => R) => R;

/** What a call is made of. */
export interface CallParts {
  readonly target: Target;
  /** The arguments as they are sent: a hole for each function. */
  readonly args: readonly unknown[];
  /** The functions among the arguments, by their places. */
  readonly callbacks: ReadonlyMap<number, (...args: unknown[]) => unknown> | undefined;
  readonly inContext: InContext | undefined;
  readonly stores: CarriedValues | undefined;
  readonly transfer: readonly Transferable[];
  readonly onCancel: OnCancel;
  readonly status: CancelStatus;
  readonly lane: Lane;
}

let calls = 0;

/** One call, on the side of the caller, from when it was made until it has ended in its thread. */
export class Call {
  /** In which order the calls were made. */
  readonly order: number = calls++;
  readonly parts: CallParts;
  place: CallPlace = waiting;
  /** Settles as the call did, for a caller that was cancelled and waits all the same. */
  late: Promise<unknown> | undefined = undefined;
  #listener: Listener = { kind: "parked" };
  #operation: Parked<unknown> | undefined = undefined;
  #crossings: Crossings | undefined = undefined;
  /** The callback that runs, until it has ended; it never rejects. The caller does not leave before it. */
  callback: Promise<void> | undefined = undefined;
  #stopGrace: (() => void) | undefined = undefined;
  /** How many threads have ended just when they were to begin it. */
  #lostThreads = 0;

  constructor(parts: CallParts) {
    this.parts = parts;
  }

  /** The caller waits in this operation. */
  waitIn(operation: Parked<unknown>): void {
    this.#operation = operation;
  }

  /** Whether it can be taken back from one thread and given to another: what was moved to a thread is gone here. */
  get movable(): boolean {
    return this.parts.transfer.length === 0;
  }

  get abandoned(): boolean {
    return this.#listener.kind === "nobody";
  }

  /** The errors that have crossed during the call. */
  get crossings(): Crossings {
    return (this.#crossings ??= new Crossings());
  }

  wasSent(thread: PoolThread, id: number): void {
    this.place = { kind: "sent", thread, id };
  }

  wasTakenBack(): void {
    this.place = waiting;
  }

  /**
   * Its thread has ended just when it was to begin the call. Once is bad luck; twice, it is the call itself: arguments that no
   * thread has the memory for would end one thread after the other, for ever.
   */
  isPoison(): boolean {
    return ++this.#lostThreads > 1;
  }

  /** The caller's scope was cancelled; called once, synchronously from `cancel()`. */
  cancel(): void {
    const { lane, onCancel } = this.parts;
    const { place } = this;
    if (place.kind === "ended") return;
    if (place.kind === "waiting") {
      this.place = ended;
      lane.withdraw(this);
      return;
    }
    const { thread } = place;
    if (thread.takeBack(this)) {
      this.place = ended;
      lane.hasRoom(thread);
      return;
    }
    if (onCancel === "abandon") {
      this.#listener = { kind: "nobody" };
    } else {
      this.late = new Promise((resolve, reject) => (this.#listener = { kind: "late", resolve, reject }));
      this.late.catch(() => undefined); // the caller looks at it a moment later
    }
    thread.tellCancelled(this, makeCancelled(reasonOf(this.parts.status)));
    if (typeof onCancel === "object") this.#beginGrace(thread, onCancel.graceMs);
  }

  succeed(value: unknown): void {
    this.place = ended;
    this.#stopGrace?.();
    const listener = this.#listener;
    if (listener.kind === "parked") this.#operation?.resume(value);
    else if (listener.kind === "late") listener.resolve(value);
  }

  /** Ends it with an error; if a callback of it still runs, which lives in the caller's task, when that has ended. */
  fail(error: unknown): void {
    this.place = ended;
    this.#stopGrace?.();
    if (this.callback === undefined) this.#reject(error);
    else void this.callback.then(() => this.#reject(error));
  }

  /** Its thread was terminated because of its cancellation. */
  wasTerminated(): void {
    this.fail(makeCancelled(reasonOf(this.parts.status)));
  }

  /**
   * Runs a callback in the caller's task and scope, for the thread that waits; `answer` gets the value or the error, at once
   * if the function is synchronous.
   */
  callBack(index: number, args: readonly unknown[], answer: (good: boolean, result: unknown) => void): void {
    const { callbacks, inContext, status } = this.parts;
    if (this.abandoned) {
      answer(false, makeCancelled(reasonOf(status)));
      return;
    }
    const callback = callbacks?.get(index) as (...args: unknown[]) => unknown;
    let result: unknown;
    let pending: Promise<unknown> | undefined;
    try {
      result = (inContext as InContext)(() => callback(...args));
      if (isThenable(result)) pending = Promise.resolve(result);
    } catch (error) {
      answer(false, error);
      return;
    }
    if (pending === undefined) {
      answer(true, result);
      return;
    }
    this.callback = pending
      .then(
        (value) => answer(true, value),
        (error: unknown) => answer(false, error),
      )
      .finally(() => (this.callback = undefined));
  }

  #reject(error: unknown): void {
    const listener = this.#listener;
    if (listener.kind === "parked") this.#operation?.fail(error);
    else if (listener.kind === "late") listener.reject(error);
  }

  /** The thread is terminated when the time is over, on the clock of the caller's run. */
  #beginGrace(thread: PoolThread, graceMs: number): void {
    if (graceMs === Infinity) return;
    const { runtime } = this.parts.status;
    const grace = new Status("scope", "grace of a thread", runtime, true).bind(runtime.root);
    const forget = whenCancelled(grace, () => thread.terminateFor(this));
    this.#stopGrace = () => {
      this.#stopGrace = undefined;
      forget();
      grace.close();
    };
    setDeadline(grace, runtime.clock.now() + graceMs);
  }
}

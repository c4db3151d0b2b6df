import type { Readable } from "node:stream";

import { BrokenResourceError, ClosedResourceError } from "@espalier/core";
import {
  type CancelStatus,
  currentStatus,
  errorMessage,
  parkAbroad,
  type Parked,
  pass,
  refusal,
} from "@espalier/core/lowlevel";
import { checkMax } from "./check-bytes.ts";
import { toResult } from "./chunks-of.ts";
import { OneAtATime } from "./one-at-a-time.ts";

/**
 * The receiving half over a Node `Readable`.
 *
 * A waiting receiver gets a chunk straight from the `data` event. What arrives while nobody waits is kept, up to a limit,
 * then the source is paused: so a fast peer costs a bounded amount of memory, and the usual to and fro never pauses at all.
 *
 *     event \ state   open                     ended        broken   closed
 *     data            to the waiter, or kept   -            -        dropped
 *     end             -> ended                 nothing      nothing  nothing
 *     error, close    -> broken                nothing      nothing  nothing
 *     closed by us    -> closed                -> closed    -> closed
 *
 * In every state but closed, what was kept comes out first.
 */
type State =
  | { readonly kind: "open" }
  | { readonly kind: "ended" }
  | { readonly kind: "broken"; readonly cause: unknown }
  | { readonly kind: "closed" };

/** So much may wait in memory before the source is paused. As much as one read of Node brings. */
const mostKept = 64 * 1024;

/** What a receiver wants to be given for a chunk, or for the end. */
type Shape<R> = (chunk: Uint8Array | undefined) => R;

const asItIs: Shape<Uint8Array | undefined> = (chunk) => chunk;

export class NodeReceiver {
  readonly #source: Readable;
  readonly #mostKept: number;
  readonly #guard = new OneAtATime("receiving");
  #state: State = { kind: "open" };
  #kept: Uint8Array[] = [];
  #keptBytes = 0;
  /** Who waits for the next chunk, how many bytes of it at most, and in which shape. */
  #waiter: Parked<unknown> | undefined = undefined;
  #max = Infinity;
  #shape: Shape<unknown> = asItIs;

  /** @param options - `eager: false` pauses the source whenever nobody waits, at the price of a pause for each wait. */
  constructor(source: Readable, options: { readonly eager?: boolean } = {}) {
    this.#source = source;
    this.#mostKept = options.eager === false ? 0 : mostKept;
    // Listened for from the beginning, but not let flow: others may resume it (Node does so with the pipes of a child that has
    // ended), and what nobody listens for is lost.
    source.pause();
    source.on("data", this.#arrived);
    source.on("end", () => {
      this.#finish({ kind: "ended" });
    });
    source.on("error", (error) => {
      this.#finish({ kind: "broken", cause: error });
    });
    source.on("close", () => {
      this.#finish({ kind: "broken", cause: undefined });
    });
    // Its events may be over: it has ended, or was torn down, before it came to us.
    if (source.readableEnded) this.#state = { kind: "ended" };
    else if (source.destroyed) this.#state = { kind: "broken", cause: source.errored ?? undefined };
  }

  receiveSome(max?: number): Promise<Uint8Array | undefined> {
    try {
      checkMax(max, "receiveSome");
    } catch (error) {
      return Promise.reject(error as Error);
    }
    return this.#receive(max ?? Infinity, asItIs);
  }

  /** A step of `for await`: spares it a promise around that of `receiveSome`. */
  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    return this.#receive(Infinity, toResult);
  }

  #receive<R>(max: number, shape: Shape<R>): Promise<R> {
    const status = currentStatus();
    try {
      const denied = refusal(status);
      if (denied !== undefined) return denied;
      if (this.#state.kind === "closed") throw closedError();
      this.#guard.enter();
    } catch (error) {
      return Promise.reject(error as Error);
    }
    if (this.#kept.length > 0) return this.#passOn(shape(this.#takeKept(max)), status);
    if (this.#state.kind === "ended") return this.#passOn(shape(undefined), status);
    if (this.#state.kind === "broken") {
      this.#guard.leave();
      return Promise.reject(brokenError(this.#state.cause));
    }
    const operation = parkAbroad<R>("stream.receiveSome", this.#cancelWaiter, status);
    if (!operation.pending) {
      this.#guard.leave();
      return operation.promise;
    }
    this.#waiter = operation as Parked<unknown>;
    this.#max = max;
    this.#shape = shape;
    if (this.#source.isPaused()) this.#source.resume();
    return operation.promise;
  }

  /** Nothing more is given out; whoever waits is told. */
  close(): void {
    if (this.#state.kind === "closed") return;
    this.#state = { kind: "closed" };
    this.#kept = [];
    this.#keptBytes = 0;
    this.#takeWaiter()?.fail(closedError());
  }

  #passOn<R>(result: R, status: CancelStatus): Promise<R> {
    this.#guard.leave();
    return pass(result, status);
  }

  readonly #arrived = (chunk: unknown): void => {
    if (this.#state.kind === "closed") return;
    const bytes = asBytes(chunk);
    if (bytes === undefined) {
      this.#source.destroy(
        new TypeError(
          `it gave ${typeof chunk === "object" ? "an object" : `a ${typeof chunk}`} where bytes are wanted`,
        ),
      );
      return;
    }
    if (bytes.length === 0) return;
    const waiter = this.#takeWaiter();
    // Whoever waits has found nothing kept: the usual to and fro goes past the queue.
    if (waiter !== undefined && bytes.length <= this.#max) waiter.resume(this.#shape(bytes));
    else {
      this.#kept.push(bytes);
      this.#keptBytes += bytes.length;
      waiter?.resume(this.#shape(this.#takeKept(this.#max)));
    }
    this.#pauseIfFull();
  };

  #finish(state: State): void {
    if (this.#state.kind !== "open") return;
    this.#state = state;
    const waiter = this.#takeWaiter();
    if (waiter === undefined) return;
    if (state.kind === "broken") waiter.fail(brokenError(state.cause));
    else waiter.resume(this.#shape(undefined));
  }

  /** The oldest bytes that are kept, at most so many. */
  #takeKept(max: number): Uint8Array {
    const first = this.#kept[0] as Uint8Array;
    if (first.length <= max) {
      this.#kept.shift();
      this.#keptBytes -= first.length;
      return first;
    }
    this.#kept[0] = first.subarray(max);
    this.#keptBytes -= max;
    return first.subarray(0, max);
  }

  #takeWaiter(): Parked<unknown> | undefined {
    const waiter = this.#waiter;
    if (waiter !== undefined) this.#forgetWaiter();
    return waiter;
  }

  readonly #cancelWaiter = (): void => {
    this.#forgetWaiter();
    this.#pauseIfFull();
  };

  #forgetWaiter(): void {
    this.#waiter = undefined;
    this.#guard.leave();
  }

  #pauseIfFull(): void {
    if (this.#waiter === undefined && this.#keptBytes >= this.#mostKept) this.#source.pause();
  }
}

/** `undefined` for what is none. A plain array also for a `Buffer`, whose `slice` and `toString` are others. */
function asBytes(chunk: unknown): Uint8Array | undefined {
  if (typeof chunk === "string") return new TextEncoder().encode(chunk);
  if (Buffer.isBuffer(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  return chunk instanceof Uint8Array ? chunk : undefined;
}

function closedError(): ClosedResourceError {
  return new ClosedResourceError("This side has closed the stream; receive before closing it.");
}

function brokenError(cause: unknown): BrokenResourceError {
  if (cause === undefined) return new BrokenResourceError("The stream was torn down before its end.");
  return new BrokenResourceError(`The stream broke: ${errorMessage(cause)}`, { cause });
}

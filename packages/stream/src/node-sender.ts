import type { Writable } from "node:stream";

import { BrokenResourceError, ClosedResourceError } from "@espalier/core";
import { errorMessage, parkAbroad, type Parked, pass, refusal } from "@espalier/core/lowlevel";
import { checkBytes } from "./check-bytes.ts";
import { OneAtATime } from "./one-at-a-time.ts";

/**
 * The sending half over a Node `Writable`.
 *
 *     event \ state      open                 eof                    broken                 closed
 *     sendAll            writes               ClosedResourceError    BrokenResourceError    ClosedResourceError
 *     sendEof            -> eof               nothing                BrokenResourceError    ClosedResourceError
 *     send is cancelled  -> broken            -> broken              -                      -
 *     error, close       -> broken            nothing, once sent     nothing                nothing
 *     closed by us       -> closed            -> closed              -> closed              nothing
 */
type State =
  | { readonly kind: "open" }
  | { readonly kind: "eof" }
  | { readonly kind: "broken"; readonly cause: unknown; readonly why: string }
  | { readonly kind: "closed" };

const noBytes = new Uint8Array(0);

export class NodeSender {
  readonly #sink: Writable;
  readonly #isSocket: boolean;
  readonly #guard = new OneAtATime("sending");
  #state: State = { kind: "open" };
  /** The send that waits for the sink. */
  #waiter: Parked<void> | undefined = undefined;
  /** Set by the first `close()`: see there. */
  #whole = true;
  /** Writes whose callback is still to come. The last one is that of the send under way. */
  #outstanding = 0;

  /**
   * @param options - `isSocket`: it takes a write of no bytes for what it is, a place in the queue. Then most writes go without
   *   a callback, which costs Node a tick and an object each; with foreign writables it is not so sure.
   */
  constructor(sink: Writable, options: { readonly isSocket?: boolean } = {}) {
    this.#sink = sink;
    this.#isSocket = options.isSocket === true;
    sink.on("error", (error) => {
      this.#break(error, `the stream broke: ${errorMessage(error)}`);
    });
    sink.on("close", () => {
      this.#break(undefined, "the stream was torn down");
    });
  }

  sendAll(bytes: Uint8Array): Promise<void> {
    try {
      checkBytes(bytes, "sendAll");
      const denied = this.#enter();
      if (denied !== undefined) return denied;
    } catch (error) {
      return Promise.reject(error as Error);
    }
    if (this.#isSocket) this.#sink.write(bytes);
    else if (bytes.length > 0) this.#write(bytes);
    // An empty queue means that the kernel has taken all of it, as it mostly does; the callback would come a turn later. No
    // bytes are taken already: somebody else's may be in the queue, and nobody would call back.
    if ((this.#sink.writableLength === 0 || bytes.length === 0) && !this.#isDead()) {
      this.#guard.leave();
      return pass();
    }
    if (this.#isSocket) this.#write(noBytes);
    return this.#wait("stream.sendAll");
  }

  waitSendAllMightNotBlock(): Promise<void> {
    try {
      const denied = this.#enter();
      if (denied !== undefined) return denied;
    } catch (error) {
      return Promise.reject(error as Error);
    }
    // A send returns only when its bytes have been taken, so whoever is let in here could send at once.
    this.#guard.leave();
    return pass();
  }

  sendEof(): Promise<void> {
    if (this.#state.kind === "eof" && this.#waiter === undefined) return refusal() ?? pass();
    try {
      const denied = this.#enter();
      if (denied !== undefined) return denied;
    } catch (error) {
      return Promise.reject(error as Error);
    }
    this.#state = { kind: "eof" };
    this.#outstanding++;
    this.#sink.end(this.#written);
    return this.#wait("stream.sendEof");
  }

  /**
   * No more is sent; whoever is sending is told.
   *
   * @returns whether all that was sent is whole, so that a goodbye makes sense: after half a message there is none to say,
   *   and it would have to wait behind that half.
   */
  close(): boolean {
    if (this.#state.kind === "closed") return this.#whole;
    this.#whole = this.#state.kind !== "broken" && this.#waiter === undefined;
    this.#state = { kind: "closed" };
    this.#takeWaiter()?.fail(closedError());
    return this.#whole;
  }

  /** Begins an operation, or gives the rejection with which it is refused in a cancelled scope. */
  #enter(): Promise<never> | undefined {
    const denied = refusal();
    if (denied !== undefined) return denied;
    if (this.#state.kind === "open" && this.#isDead())
      this.#break(this.#sink.errored ?? undefined, "the stream broke");
    const state = this.#state;
    if (state.kind === "broken") throw brokenError(state.cause, state.why);
    if (state.kind === "closed") throw closedError();
    this.#guard.enter();
    if (state.kind === "open") return undefined;
    this.#guard.leave();
    throw new ClosedResourceError("The sending half was closed by sendEof().");
  }

  #write(bytes: Uint8Array): void {
    this.#outstanding++;
    this.#sink.write(bytes, this.#written);
  }

  /** Waits for the sink to take what was written. */
  #wait(label: string): Promise<void> {
    const waiter = parkAbroad<void>(label, this.#abandoned);
    if (waiter.pending) this.#waiter = waiter;
    else this.#guard.leave();
    return waiter.promise;
  }

  readonly #written = (error?: Error | null): void => {
    this.#outstanding--;
    if (error !== undefined && error !== null) this.#break(error, `the stream broke: ${errorMessage(error)}`);
    else if (this.#outstanding === 0) this.#takeWaiter()?.resume();
  };

  readonly #abandoned = (): void => {
    this.#takeWaiter();
    this.#state = {
      kind: "broken",
      cause: undefined,
      why: "a send was cancelled half way, and it cannot be known how many bytes arrived",
    };
  };

  #takeWaiter(): Parked<void> | undefined {
    const waiter = this.#waiter;
    if (waiter !== undefined) this.#guard.leave();
    this.#waiter = undefined;
    return waiter;
  }

  #break(cause: unknown, why: string): void {
    if (this.#state.kind === "broken" || this.#state.kind === "closed") return;
    // The end has been sent, and nothing is lost by what happens to the stream afterwards.
    if (this.#state.kind === "eof" && this.#waiter === undefined) return;
    this.#state = { kind: "broken", cause, why };
    this.#takeWaiter()?.fail(brokenError(cause, why));
  }

  /** Whether the sink has broken, although its event is still to come. */
  #isDead(): boolean {
    // Not every foreign sink has `errored`: Deno's HTTP requests do not.
    return this.#sink.destroyed || (this.#sink.errored ?? undefined) !== undefined;
  }
}

function closedError(): ClosedResourceError {
  return new ClosedResourceError("This side has closed the stream; send before closing it.");
}

function brokenError(cause: unknown, why: string): BrokenResourceError {
  return new BrokenResourceError(
    `Nothing can be sent any more: ${why}.`,
    cause === undefined ? undefined : { cause },
  );
}

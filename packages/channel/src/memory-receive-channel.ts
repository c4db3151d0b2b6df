import { WouldBlock } from "@espalier/core";
import { pass, refusal } from "@espalier/core/lowlevel";
import { blocked, type ChannelState, closedError, ended, endError } from "./channel-state.ts";
import type { MemoryChannelStatistics } from "./statistics.ts";

/** The receiving end of a memory channel. Made by `openMemoryChannel` and `clone`. */
export class MemoryReceiveChannel<out T> implements Disposable, AsyncIterable<T> {
  readonly #state: ChannelState;
  #closed = false;

  /** @internal */
  constructor(state: ChannelState) {
    this.#state = state;
    state.openReceiveEnd();
  }

  /**
   * Receives the oldest item, waiting for one if there is none. Receivers are served first come, first served; each item
   * goes to exactly one of them.
   *
   * Do not put it into `Promise.race`: the loser stays in line and takes the next item. Use `moveOnAfter`.
   *
   * @checkpoint always
   * @cancellation No item was taken.
   * @throws {Cancelled} the current scope is, or becomes, cancelled.
   * @throws {EndOfChannel} all sending ends are closed, and everything has been received.
   * @throws {ClosedResourceError} this end was closed, before or during the wait.
   */
  receive(): Promise<T> {
    return this.#receiveOrEnd().then((item) => {
      if (item === ended) throw endError();
      return item as T;
    });
  }

  /**
   * Receives an item without waiting.
   *
   * @checkpoint never
   * @throws {WouldBlock} there is none.
   * @throws {EndOfChannel} all sending ends are closed, and everything has been received.
   * @throws {ClosedResourceError} this end was closed.
   */
  receiveNowait(): T {
    if (this.#closed) throw closedError("receive");
    const item = this.#state.take();
    if (item === ended) throw endError();
    if (item === blocked) throw new WouldBlock("The channel holds no item; receive() would wait for one.");
    return item as T;
  }

  /**
   * Another receiving end of the same channel, closed independently. Not a copy of the items: each goes to one of the ends.
   *
   * @checkpoint never
   * @throws {ClosedResourceError} this end was closed.
   */
  clone(): MemoryReceiveChannel<T> {
    if (this.#closed) throw closedError("receive");
    return new MemoryReceiveChannel<T>(this.#state);
  }

  /**
   * Closes this end; whoever waits in it gets `ClosedResourceError`. When all receiving ends are closed, what is buffered is
   * dropped, and senders get `BrokenResourceError`. Idempotent.
   *
   * @checkpoint never
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#state.closeReceiveEnd(this);
  }

  /** The same as `close()`, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * `for await` receives until the end. Breaking out of the loop does not close the channel.
   *
   * @checkpoint always, each step and the last one
   */
  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    // No `return` method: leaving a loop early must not close an end that others may go on using.
    return { next: () => this.#receiveOrEnd().then(toIteratorResult<T>) };
  }

  /** A snapshot for debugging and metrics. */
  statistics(): MemoryChannelStatistics {
    return this.#state.statistics();
  }

  #receiveOrEnd(): Promise<unknown> {
    const denied = refusal();
    if (denied !== undefined) return denied;
    const state = this.#state;
    if (this.#closed) return Promise.reject(closedError("receive"));
    const item = state.take();
    return item === blocked ? state.receivers.park("channel.receive", { end: this }) : pass(item);
  }
}

function toIteratorResult<T>(item: unknown): IteratorResult<T, undefined> {
  return item === ended ? { done: true, value: undefined } : { done: false, value: item as T };
}

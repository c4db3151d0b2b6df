import { WouldBlock } from "@espalier/core";
import { pass, refusal } from "@espalier/core/lowlevel";
import { brokenError, type ChannelState, closedError } from "./channel-state.ts";
import type { MemoryChannelStatistics } from "./statistics.ts";

/** The sending end of a memory channel. Made by `openMemoryChannel` and `clone`. */
export class MemorySendChannel<in T> implements Disposable {
  readonly #state: ChannelState;
  #closed = false;

  /** @internal */
  constructor(state: ChannelState) {
    this.#state = state;
    state.openSendEnd();
  }

  /**
   * Sends an item. Waits while the buffer is full; with capacity 0 it returns when a receiver has taken the item. Senders
   * are served first come, first served.
   *
   * @checkpoint always
   * @cancellation The item was not sent.
   * @throws {Cancelled} the current scope is, or becomes, cancelled.
   * @throws {ClosedResourceError} this end was closed, before or during the wait.
   * @throws {BrokenResourceError} no receive end is open, before or during the wait; the item is its `unsent`.
   */
  send(item: T): Promise<void> {
    const denied = refusal();
    if (denied !== undefined) return denied;
    const state = this.#state;
    if (this.#closed) return Promise.reject(closedError("send"));
    if (state.broken) return Promise.reject(brokenError(item));
    if (state.offer(item)) return pass();
    return state.senders.park("channel.send", { item, end: this });
  }

  /**
   * Sends an item without waiting.
   *
   * @checkpoint never
   * @throws {WouldBlock} the buffer is full, or with capacity 0 no receiver waits.
   * @throws {ClosedResourceError} this end was closed.
   * @throws {BrokenResourceError} no receive end is open; the item is its `unsent`.
   */
  sendNowait(item: T): void {
    if (this.#closed) throw closedError("send");
    if (this.#state.broken) throw brokenError(item);
    if (this.#state.offer(item)) return;
    throw new WouldBlock("The channel has no room and no receiver waits; send() would wait for one.");
  }

  /**
   * Another sending end of the same channel, closed independently: the channel ends when all are closed.
   *
   * @checkpoint never
   * @throws {ClosedResourceError} this end was closed.
   */
  clone(): MemorySendChannel<T> {
    if (this.#closed) throw closedError("send");
    return new MemorySendChannel<T>(this.#state);
  }

  /**
   * Closes this end; whoever waits in it gets `ClosedResourceError`. When all sending ends are closed, receivers get what
   * is buffered and then the end. Idempotent.
   *
   * @checkpoint never
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#state.closeSendEnd(this);
  }

  /** The same as `close()`, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** A snapshot for debugging and metrics. */
  statistics(): MemoryChannelStatistics {
    return this.#state.statistics();
  }
}

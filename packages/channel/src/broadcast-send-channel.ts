import { WouldBlock } from "@espalier/core";
import { pass, refusal } from "@espalier/core/lowlevel";
import type { BroadcastState } from "./broadcast-state.ts";
import type { BroadcastSendStatistics } from "./broadcast-statistics.ts";
import type { SendChannel } from "./channel.ts";
import { closedError } from "./channel-errors.ts";

/** The sending end of a broadcast channel. Made by `openBroadcastChannel` and `clone`. */
export class BroadcastSendChannel<in T> implements SendChannel<T> {
  readonly #state: BroadcastState;
  #closed = false;

  /** @internal */
  constructor(state: BroadcastState) {
    this.#state = state;
    state.openSendEnd();
  }

  /**
   * Sends an item to every subscriber; without subscribers it is dropped. With `overflow: "block"` it waits until all of
   * them have room, and then gives it to all in one step; senders are served first come, first served. In the other modes
   * it never waits.
   *
   * @checkpoint always
   * @cancellation The item was sent to nobody.
   * @throws {Cancelled} the current scope is, or becomes, cancelled.
   * @throws {ClosedResourceError} this end was closed, before or during the wait.
   * @throws {WouldBlock} only with `overflow: "error"`: a subscriber has no room; nobody gets the item.
   */
  send(item: T): Promise<void> {
    const denied = refusal();
    if (denied !== undefined) return denied;
    const state = this.#state;
    if (this.#closed) return Promise.reject(closedError("send"));
    if (state.publish(item)) return pass();
    if (state.overflow === "error") return Promise.reject(noRoom("nobody got the item"));
    return state.senders.park("channel.send", { item, end: this });
  }

  /**
   * Sends an item to every subscriber without waiting. It does not overtake senders that wait.
   *
   * @checkpoint never
   * @throws {WouldBlock} with `overflow: "block"` or `"error"`: a subscriber has no room; nobody gets the item.
   * @throws {ClosedResourceError} this end was closed.
   */
  sendNowait(item: T): void {
    if (this.#closed) throw closedError("send");
    if (this.#state.publish(item)) return;
    throw noRoom(this.#state.overflow === "error" ? "nobody got the item" : "send() would wait for it");
  }

  /**
   * Another sending end of the same channel, closed independently: the channel ends when all are closed.
   *
   * @checkpoint never
   * @throws {ClosedResourceError} this end was closed.
   */
  clone(): BroadcastSendChannel<T> {
    if (this.#closed) throw closedError("send");
    return new BroadcastSendChannel<T>(this.#state);
  }

  /**
   * Closes this end; whoever waits in it gets `ClosedResourceError`. When all sending ends are closed, each subscriber gets
   * what it has buffered and then the end. Idempotent.
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
  statistics(): BroadcastSendStatistics {
    return this.#state.statistics();
  }
}

function noRoom(consequence: string): WouldBlock {
  return new WouldBlock(`A subscriber of the broadcast channel has no room; ${consequence}.`);
}

import { WouldBlock } from "@espalier/core";
import { pass, refusal } from "@espalier/core/lowlevel";
import type { BroadcastState } from "./broadcast-state.ts";
import type { BroadcastSendStatistics } from "./broadcast-statistics.ts";
import type { SendChannel } from "./channel.ts";
import { closedError } from "./channel-errors.ts";
import { SendEnd } from "./send-end.ts";

/** The sending end of a broadcast channel. Made by `openBroadcastChannel` and `clone`. */
export class BroadcastSendChannel<in T> extends SendEnd<BroadcastSendStatistics> implements SendChannel<T> {
  readonly #state: BroadcastState;

  /** @internal */
  constructor(state: BroadcastState) {
    super(state);
    this.#state = state;
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
    if (this.closed) return Promise.reject(closedError("send"));
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
    this.requireOpen();
    if (this.#state.publish(item)) return;
    throw noRoom(this.#state.overflow === "error" ? "nobody got the item" : "send() would wait for it");
  }

  /**
   * Another sending end of the same channel, closed independently: the channel ends when all are closed.
   *
   * @checkpoint never
   * @throws {ClosedResourceError} this end was closed.
   */
  override clone(): BroadcastSendChannel<T> {
    this.requireOpen();
    return new BroadcastSendChannel<T>(this.#state);
  }
}

function noRoom(consequence: string): WouldBlock {
  return new WouldBlock(`A subscriber of the broadcast channel has no room; ${consequence}.`);
}

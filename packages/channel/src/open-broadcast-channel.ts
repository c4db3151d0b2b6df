import { BroadcastReceiveChannel } from "./broadcast-receive-channel.ts";
import { BroadcastSendChannel } from "./broadcast-send-channel.ts";
import { BroadcastState } from "./broadcast-state.ts";
import { checkCapacity } from "./capacity.ts";
import { checkOverflow, type Overflow } from "./overflow.ts";

/** Options of {@link openBroadcastChannel}. Both are required: whoever broadcasts has to decide about the slow subscriber. */
export interface BroadcastOptions {
  /** How many items may wait for each subscriber: a whole number, 0 or more, or `Infinity`. */
  readonly capacity: number;
  /** What happens to an item for which a subscriber has no room. */
  readonly overflow: Overflow;
}

/** A broadcast channel. The two parts can be handed out separately: `const { send, subscribe } = openBroadcastChannel(...)`. */
export interface Broadcast<T> {
  readonly send: BroadcastSendChannel<T>;
  /**
   * A new subscriber: it gets what is sent from now on. When the senders have closed, it is at the end at once.
   *
   * @checkpoint never
   */
  readonly subscribe: () => BroadcastReceiveChannel<T>;
}

/**
 * Opens a channel whose every subscriber gets every item, through a buffer of its own. What happens when the buffer of a slow
 * subscriber is full is yours to say:
 *
 * - `"block"`: the sender waits for the slowest; nothing is lost. An item is given to all subscribers in one step.
 * - `"dropOldest"`: a slow subscriber misses the oldest items that it has not received.
 * - `"dropNewest"`: a slow subscriber misses the new item.
 * - `"error"`: the sender gets `WouldBlock`, and nobody the item.
 *
 * What was missed is counted in `statistics()`. Without subscribers an item is dropped, in every mode. With capacity 0 only
 * those are reached who are waiting at that moment.
 *
 * @checkpoint never
 * @throws {RangeError} `capacity` is not a whole number of 0 or more, or `Infinity`.
 * @throws {TypeError} an option is missing or of the wrong type.
 * @example
 * ```ts
 * import { openBroadcastChannel } from "@espalier/channel";
 *
 * const { send, subscribe } = openBroadcastChannel<string>({ capacity: 16, overflow: "dropOldest" });
 * using news = subscribe();
 * await send.send("hello, all");
 * send.close();
 * for await (const item of news) console.log(item); // hello, all
 * ```
 */
export function openBroadcastChannel<T>(options: BroadcastOptions): Broadcast<T> {
  const { capacity, overflow } = { ...options };
  checkCapacity(capacity, "openBroadcastChannel");
  checkOverflow(overflow, ["block", "dropOldest", "dropNewest", "error"], "openBroadcastChannel");
  const state = new BroadcastState(capacity, overflow);
  return {
    send: new BroadcastSendChannel<T>(state),
    subscribe: () => new BroadcastReceiveChannel<T>(state.subscribe()),
  };
}

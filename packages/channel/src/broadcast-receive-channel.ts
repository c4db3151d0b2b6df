import type { Subscription } from "./broadcast-state.ts";
import type { BroadcastReceiveStatistics } from "./broadcast-statistics.ts";
import { ReceiveEnd } from "./receive-end.ts";

/**
 * A subscription to a broadcast channel: it gets every item that is sent while it is open. Made by `subscribe` and `clone`.
 * Closing the last clone ends the subscription.
 */
export class BroadcastReceiveChannel<out T> extends ReceiveEnd<T, BroadcastReceiveStatistics> {
  readonly #subscription: Subscription;

  /** @internal */
  constructor(subscription: Subscription) {
    super(subscription);
    this.#subscription = subscription;
  }

  /**
   * Another receiving end of this same subscription: its items are shared out among the clones. For a subscriber of its
   * own, which gets every item too, call `subscribe()`.
   *
   * @checkpoint never
   * @throws {ClosedResourceError} this end was closed.
   */
  override clone(): BroadcastReceiveChannel<T> {
    this.requireOpen();
    return new BroadcastReceiveChannel<T>(this.#subscription);
  }
}

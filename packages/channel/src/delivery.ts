import type { RetryingState } from "./retrying-state.ts";

/**
 * An item of a retrying channel in the hands of a receiver, until it is settled: by `ack`, by `nack`, by `giveBack`, or by
 * closing the receiving end. The sender waits until then.
 */
export class Delivery<out T> {
  readonly #state: RetryingState;
  /** The item. */
  readonly value: T;
  /** Counts from 1; giving an item back is no attempt. */
  readonly attempt: number;

  /** @internal */
  constructor(state: RetryingState, value: T, attempt: number) {
    this.#state = state;
    this.value = value;
    this.attempt = attempt;
  }

  /**
   * The item has been processed; its sender goes on. Says whether the sender still waited: false if it was cancelled or its
   * end was closed meanwhile, or if the delivery was settled before.
   *
   * @checkpoint never
   */
  ack(): boolean {
    return this.#state.ack(this);
  }

  /**
   * The attempt has failed. After the backoff the item goes to another receiver that waits, else to whoever comes first; when
   * the attempts have run out, the sender gets `DeliveryFailedError`. Says whether the sender still waited; if not, the item
   * is dropped.
   *
   * @checkpoint never
   * @param error - Why; for `DeliveryFailedError.errors`.
   */
  nack(error?: unknown): boolean;
  // A list: `undefined` can be thrown too, and then `nack(error)` in a `catch` has to tell of it as of any other.
  nack(...why: [error?: unknown]): boolean {
    const error = why.length === 0 ? new Error(`Attempt ${this.attempt} was refused by nack().`) : why[0];
    return this.#state.nack(this, error);
  }

  /**
   * Gives the item back as if it had not been delivered: it goes to the next receiver at once, and no attempt is counted. For
   * a receiver that is cancelled. Says whether the sender still waited; if not, the item is dropped.
   *
   * @checkpoint never
   */
  giveBack(): boolean {
    return this.#state.giveBack(this);
  }

  /** @internal Whether it has not been settled. */
  get open(): boolean {
    return this.#state.holds(this);
  }
}

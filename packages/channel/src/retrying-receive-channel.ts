import { isCancelled } from "@espalier/core";
import { checkBody, quietly } from "@espalier/core/lowlevel";
import type { Delivery } from "./delivery.ts";
import { ReceiveEnd } from "./receive-end.ts";
import type { RetryingChannelStatistics, RetryingState } from "./retrying-state.ts";

/**
 * The receiving end of a retrying channel. What it receives are deliveries, each to be settled by the receiver; `process` does
 * that by itself. Made by `openRetryingChannel` and `clone`. Closing it gives back what it has not settled: a receiver that
 * may die should hold a clone of its own, with `using`.
 */
export class RetryingReceiveChannel<out T> extends ReceiveEnd<Delivery<T>, RetryingChannelStatistics> {
  readonly #state: RetryingState;

  /** @internal */
  constructor(state: RetryingState) {
    super(state);
    this.#state = state;
  }

  /**
   * Handles items until the channel ends. The value of an item whose handler returns is acknowledged; an error of the handler
   * is a failed attempt, and the next item is taken: the error is reported to the sender, if the attempts run out. A handler
   * may settle its delivery itself; an error after that has nobody else to go to, and ends `process`.
   *
   * @checkpoint always, before each item
   * @cancellation The handler is cancelled; it gives its item back, and no attempt is counted.
   * @throws {Cancelled} the current scope is, or becomes, cancelled.
   * @throws {ClosedResourceError} this end was closed, before or during the wait; the item that was being handled, if any, went
   *   to another receiver.
   * @throws {TypeError} `handler` is not a function.
   * @throws an error of a handler that had settled its delivery, or lost it by the closing of this end.
   */
  process(handler: (value: T, delivery: Delivery<T>) => unknown): Promise<void> {
    return quietly(async () => {
      checkBody(handler, "process");
      for await (const delivery of this) {
        try {
          await handler(delivery.value, delivery);
        } catch (error) {
          if (!delivery.open) throw error;
          if (isCancelled(error)) {
            delivery.giveBack();
            throw error;
          }
          delivery.nack(error);
          continue;
        }
        delivery.ack();
      }
    });
  }

  /**
   * Another receiving end of the same channel, closed independently: each item goes to one of the ends.
   *
   * @checkpoint never
   * @throws {ClosedResourceError} this end was closed.
   */
  override clone(): RetryingReceiveChannel<T> {
    this.requireOpen();
    return new RetryingReceiveChannel<T>(this.#state);
  }
}

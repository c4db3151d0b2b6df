import { refusal } from "@espalier/core/lowlevel";
import type { SendChannel } from "./channel.ts";
import type { ProducerChannelStatistics, ProducerState } from "./producer-state.ts";
import { ReceiveEnd } from "./receive-end.ts";

/** What `withProducer` gives to its producer. */
export class ProducerSendChannel<in T> implements SendChannel<T> {
  readonly #state: ProducerState;

  /** @internal */
  constructor(state: ProducerState) {
    this.#state = state;
  }

  /**
   * Hands an item to the consumer, and returns when the consumer asks for the next one: as `yield` does in a generator. Several
   * tasks of the producer may send at once; their items go out first come, first served.
   *
   * @checkpoint always
   * @cancellation The item was not handed over, or it was and only the wait for the next request ended (an exception to the
   *   rule that cancelled means it did not happen; the producer is on its way out in either case).
   * @throws {Cancelled} the consumer has ended or closed its end, or a scope around is, or becomes, cancelled.
   * @throws {ClosedResourceError} this end was closed, before or during the wait.
   */
  send(item: T): Promise<void> {
    return refusal() ?? this.#state.send(item);
  }

  /** Says that nothing more will come: the consumer meets the end, while the producer may still tidy up. Idempotent. */
  close(): void {
    this.#state.finish();
  }

  /** The same as `close()`, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** A snapshot for debugging and metrics. */
  statistics(): ProducerChannelStatistics {
    return this.#state.statistics();
  }
}

/**
 * What `withProducer` gives to its consumer. Asking for an item is what makes the producer work for it. Closing it (the last
 * clone) cancels the producer before the block ends.
 */
export class ProducerReceiveChannel<out T> extends ReceiveEnd<T, ProducerChannelStatistics> {
  readonly #state: ProducerState;

  /** @internal */
  constructor(state: ProducerState) {
    super(state);
    this.#state = state;
  }

  /**
   * Another receiving end, closed independently: each item goes to one of the ends.
   *
   * @checkpoint never
   * @throws {ClosedResourceError} this end was closed.
   */
  override clone(): ProducerReceiveChannel<T> {
    this.requireOpen();
    return new ProducerReceiveChannel<T>(this.#state);
  }
}

import { park, refusal, type Wait } from "@espalier/core/lowlevel";
import type { SendChannel } from "./channel.ts";
import { brokenError, closedError } from "./channel-errors.ts";
import { Parcel, type RetryingChannelStatistics, type RetryingState } from "./retrying-state.ts";
import { SendEnd } from "./send-end.ts";

/** The sending end of a retrying channel. Made by `openRetryingChannel` and `clone`. */
export class RetryingSendChannel<in T> extends SendEnd<RetryingChannelStatistics> implements SendChannel<T> {
  readonly #state: RetryingState;

  /** @internal */
  constructor(state: RetryingState) {
    super(state);
    this.#state = state;
  }

  /**
   * Sends an item and waits until a receiver has processed it. An attempt that fails is repeated, by another receiver where
   * one waits. There is no form that does not wait: an item cannot have been processed before somebody began.
   *
   * @checkpoint always
   * @cancellation The item is withdrawn; if a receiver has it at that moment, it may be processed all the same (an exception
   *   to the rule that cancelled means it did not happen). It is not tried again.
   * @throws {Cancelled} the current scope is, or becomes, cancelled.
   * @throws {DeliveryFailedError} every attempt failed, and `maxAttempts` is reached; the errors are its `errors`.
   * @throws {ClosedResourceError} this end was closed, before or during the wait; in the latter case a receiver that has the
   *   item may process it all the same.
   * @throws {BrokenResourceError} no receive end is open, before or during the wait; the item is its `unsent`, the error of the
   *   last failed attempt its `cause`.
   */
  send(item: T): Promise<void> {
    const denied = refusal();
    if (denied !== undefined) return denied;
    if (this.closed) return Promise.reject(closedError("send"));
    if (this.#state.broken) return Promise.reject(brokenError(item));
    const operation = park<void>("channel.send", withdraw);
    if (operation.pending) {
      const parcel = new Parcel(item, this, operation);
      operation.data = parcel;
      this.#state.accept(parcel);
    }
    return operation.promise;
  }

  /**
   * Another sending end of the same channel, closed independently: the channel ends when all are closed.
   *
   * @checkpoint never
   * @throws {ClosedResourceError} this end was closed.
   */
  override clone(): RetryingSendChannel<T> {
    this.requireOpen();
    return new RetryingSendChannel<T>(this.#state);
  }
}

function withdraw(operation: Wait): void {
  (operation.data as Parcel).withdraw?.();
}

import { brokenError, closedError } from "./channel-errors.ts";
import type { WatchChannelStatistics, WatchState } from "./watch-state.ts";

/** The sending end of a watch channel. Made by `openWatchChannel` and `clone`. */
export class WatchSendChannel<in T> implements Disposable {
  readonly #state: WatchState;
  #closed = false;

  /** @internal */
  constructor(state: WatchState) {
    this.#state = state;
    state.openSendEnd();
  }

  /**
   * Sets the value. Every receiver sees it as a change, also if it equals the one before. It never waits: a receiver that is
   * slower than the changes skips some, and sees the latest.
   *
   * @checkpoint never
   * @throws {ClosedResourceError} this end was closed.
   * @throws {BrokenResourceError} no receive end is open, so that nobody will ever see it; the value is its `unsent`.
   */
  set(value: T): void {
    if (this.#closed) throw closedError("send");
    if (this.#state.broken) throw brokenError(value);
    this.#state.set(value);
  }

  /**
   * Another sending end of the same channel, closed independently: the channel ends when all are closed.
   *
   * @checkpoint never
   * @throws {ClosedResourceError} this end was closed.
   */
  clone(): WatchSendChannel<T> {
    if (this.#closed) throw closedError("send");
    return new WatchSendChannel<T>(this.#state);
  }

  /**
   * Closes this end. When all sending ends are closed, receivers see a last change that they have not seen yet, and then the
   * end. Idempotent.
   *
   * @checkpoint never
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#state.closeSendEnd();
  }

  /** The same as `close()`, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** A snapshot for debugging and metrics. */
  statistics(): WatchChannelStatistics {
    return this.#state.statistics();
  }
}

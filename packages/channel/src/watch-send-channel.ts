import { brokenError } from "./channel-errors.ts";
import type { WatchChannelStatistics, WatchState } from "./watch-state.ts";
import { SendEnd } from "./send-end.ts";

/** The sending end of a watch channel. Made by `openWatchChannel` and `clone`. */
export class WatchSendChannel<in T> extends SendEnd<WatchChannelStatistics> {
  readonly #state: WatchState;

  /** @internal */
  constructor(state: WatchState) {
    super(state);
    this.#state = state;
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
    this.requireOpen();
    if (this.#state.broken) throw brokenError(value);
    this.#state.set(value);
  }

  /**
   * Another sending end of the same channel, closed independently: the channel ends when all are closed.
   *
   * @checkpoint never
   * @throws {ClosedResourceError} this end was closed.
   */
  override clone(): WatchSendChannel<T> {
    this.requireOpen();
    return new WatchSendChannel<T>(this.#state);
  }
}

import type { EventChannelStatistics, EventState } from "./event-state.ts";
import { ReceiveEnd } from "./receive-end.ts";

/** The receiving end of a channel of events. Made by `fromEvents` and `clone`. Closing the last clone stops listening. */
export class EventChannel<out T> extends ReceiveEnd<T, EventChannelStatistics> {
  readonly #state: EventState;

  /** @internal */
  constructor(state: EventState) {
    super(state);
    this.#state = state;
  }

  /**
   * Another receiving end of the same channel, closed independently: each event goes to one of the ends. To have every event
   * in two places, call `fromEvents` twice.
   *
   * @checkpoint never
   * @throws {ClosedResourceError} this end was closed.
   */
  override clone(): EventChannel<T> {
    this.requireOpen();
    return new EventChannel<T>(this.#state);
  }
}

import type { MemoryState } from "./memory-state.ts";
import { ReceiveEnd } from "./receive-end.ts";
import type { MemoryChannelStatistics } from "./statistics.ts";

/** The receiving end of a memory channel. Made by `openMemoryChannel` and `clone`. */
export class MemoryReceiveChannel<out T> extends ReceiveEnd<T, MemoryChannelStatistics> {
  readonly #state: MemoryState;

  /** @internal */
  constructor(state: MemoryState) {
    super(state);
    this.#state = state;
  }

  /**
   * Another receiving end of the same channel, closed independently. Not a copy of the items: each goes to one of the ends.
   *
   * @checkpoint never
   * @throws {ClosedResourceError} this end was closed.
   */
  override clone(): MemoryReceiveChannel<T> {
    this.requireOpen();
    return new MemoryReceiveChannel<T>(this.#state);
  }
}

import { EndOfChannel } from "@espalier/core";
import { pass, quietly, refusal } from "@espalier/core/lowlevel";
import { closedError, endError } from "./channel-errors.ts";
import type { Cursor, WatchChannelStatistics, WatchState } from "./watch-state.ts";

/** The receiving end of a watch channel. Made by `openWatchChannel` and `clone`; each remembers what it has seen. */
export class WatchReceiveChannel<out T> implements Disposable, AsyncIterable<T> {
  readonly #state: WatchState;
  readonly #cursor: Cursor;
  #closed = false;

  /** @internal */
  constructor(state: WatchState, seen: number) {
    this.#state = state;
    this.#cursor = { seen };
    state.openReceiveEnd();
  }

  /**
   * The latest value. Reading it does not count as having seen it; only {@link changed} does. It stays readable when the
   * senders have closed.
   *
   * @throws {ClosedResourceError} this end was closed.
   */
  get value(): T {
    if (this.#closed) throw closedError("receive");
    return this.#state.value as T;
  }

  /**
   * Waits for a change that this end has not seen yet, marks it as seen and gives the value. It counts from what this end
   * last saw, so a change since the last call is not missed: then it returns without waiting. Of several changes it sees the
   * latest. The value that was set when the channel was opened counts as seen.
   *
   * @checkpoint always
   * @cancellation Nothing was marked as seen.
   * @throws {Cancelled} the current scope is, or becomes, cancelled.
   * @throws {EndOfChannel} all sending ends are closed, and the last change has been seen.
   * @throws {ClosedResourceError} this end was closed, before or during the wait.
   */
  changed(): Promise<T> {
    const denied = refusal();
    if (denied !== undefined) return denied;
    if (this.#closed) return Promise.reject(closedError("receive"));
    const state = this.#state;
    if (this.#cursor.seen !== state.version) {
      this.#cursor.seen = state.version;
      return pass(state.value as T);
    }
    if (state.over) return Promise.reject(endError());
    return state.waiting.park("channel.changed", this.#cursor) as Promise<T>;
  }

  /** `for await` gives the value at each change, as `changed()` does, until the senders have closed. */
  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    // No `return` method: leaving a loop early must not close an end that others may go on using.
    return { next: () => quietly(() => this.#step()) };
  }

  /**
   * Another receiving end, closed independently. It has seen what this one has seen.
   *
   * @checkpoint never
   * @throws {ClosedResourceError} this end was closed.
   */
  clone(): WatchReceiveChannel<T> {
    if (this.#closed) throw closedError("receive");
    return new WatchReceiveChannel<T>(this.#state, this.#cursor.seen);
  }

  /**
   * Closes this end; whoever waits in it gets `ClosedResourceError`. When all receiving ends are closed, `set` raises
   * `BrokenResourceError`. Idempotent.
   *
   * @checkpoint never
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#state.closeReceiveEnd(this.#cursor);
  }

  /** The same as `close()`, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** A snapshot for debugging and metrics. */
  statistics(): WatchChannelStatistics {
    return this.#state.statistics();
  }

  async #step(): Promise<IteratorResult<T, undefined>> {
    try {
      return { done: false, value: await this.changed() };
    } catch (error) {
      if (!(error instanceof EndOfChannel)) throw error;
      return pass({ done: true, value: undefined });
    }
  }
}

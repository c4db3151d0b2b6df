import { closedError } from "./channel-errors.ts";

/** What a sending end needs of its channel. */
export interface Outlet<S> {
  openSendEnd(): void;
  /** Whoever waits in this very end is told; with the last one, the channel is over. */
  closeSendEnd(end: object): void;
  statistics(): S;
}

/**
 * A sending end, of whatever kind of channel: whether it is open; how something is sent is the business of the kind.
 *
 * @typeParam S - What `statistics()` tells.
 */
export abstract class SendEnd<out S extends object> implements Disposable {
  readonly #outlet: Outlet<S>;
  #closed = false;

  /** @internal */
  constructor(outlet: Outlet<S>) {
    this.#outlet = outlet;
    outlet.openSendEnd();
  }

  /**
   * Another sending end of the same channel, closed independently: the channel ends when all are closed.
   *
   * @checkpoint never
   * @throws {ClosedResourceError} this end was closed.
   */
  abstract clone(): SendEnd<S>;

  /**
   * Closes this end; whoever waits in it gets `ClosedResourceError`. When all sending ends are closed, receivers get what is
   * there for them and then the end. Idempotent.
   *
   * @checkpoint never
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#outlet.closeSendEnd(this);
  }

  /** The same as `close()`, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** A snapshot for debugging and metrics. */
  statistics(): S {
    return this.#outlet.statistics();
  }

  /** Whether this end was closed. */
  protected get closed(): boolean {
    return this.#closed;
  }

  /** For what is done at once. */
  protected requireOpen(): void {
    if (this.#closed) throw closedError("send");
  }
}

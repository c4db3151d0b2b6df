import { WouldBlock } from "@espalier/core";
import { currentStatus, pass, refusal } from "@espalier/core/lowlevel";
import type { ReceiveChannel } from "./channel.ts";
import { closedError, endError } from "./channel-errors.ts";
import { blocked, ended, type Inbox } from "./inbox.ts";
import { SelectedReceive, type Selection } from "./selection.ts";
import { PlainReceive, SteppingReceive } from "./waiting-receive.ts";

/**
 * A receiving end, of whatever kind of channel: the checkpoints, and whether it is open; the rest is its inbox's business.
 *
 * @typeParam T - The items.
 * @typeParam S - What `statistics()` tells.
 */
export abstract class ReceiveEnd<out T, out S extends object> implements ReceiveChannel<T> {
  readonly #inbox: Inbox<S>;
  readonly #plain: PlainReceive = new PlainReceive(this);
  readonly #stepping: SteppingReceive = new SteppingReceive(this);
  #closed = false;

  /** @internal */
  constructor(inbox: Inbox<S>) {
    this.#inbox = inbox;
    inbox.openReceiveEnd();
  }

  /**
   * Receives the oldest item, waiting for one if there is none. Receivers are served first come, first served; each item
   * goes to exactly one of them.
   *
   * Do not put it into `Promise.race`: the loser stays in line and takes the next item. Use `select`, or `moveOnAfter` for a
   * time limit.
   *
   * @checkpoint always
   * @cancellation No item was taken.
   * @throws {Cancelled} the current scope is, or becomes, cancelled.
   * @throws {EndOfChannel} all sending ends are closed, and everything has been received.
   * @throws {ClosedResourceError} this end was closed, before or during the wait.
   */
  receive(): Promise<T> {
    const status = currentStatus();
    const denied = refusal(status);
    if (denied !== undefined) return denied;
    if (this.#closed) return Promise.reject(closedError("receive"));
    const inbox = this.#inbox;
    const item = inbox.take(this);
    if (item === blocked) return inbox.receivers.park("channel.receive", this.#plain, status) as Promise<T>;
    if (item === ended) return Promise.reject(inbox.failure ?? endError());
    return pass(item as T, status);
  }

  /**
   * Receives an item without waiting. It does not overtake: an item that others wait for is theirs.
   *
   * @checkpoint never
   * @throws {WouldBlock} there is none.
   * @throws {EndOfChannel} all sending ends are closed, and everything has been received.
   * @throws {ClosedResourceError} this end was closed.
   */
  receiveNowait(): T {
    const item = this.attempt();
    if (item === blocked) throw new WouldBlock("The channel holds no item; receive() would wait for one.");
    return item;
  }

  /**
   * Another receiving end of the same channel, closed independently. Not a copy of the items: each goes to one of the ends.
   *
   * @checkpoint never
   * @throws {ClosedResourceError} this end was closed.
   */
  abstract clone(): ReceiveEnd<T, S>;

  /**
   * Closes this end; whoever waits in it gets `ClosedResourceError`. When all receiving ends are closed, what was not
   * received is dropped, and senders learn of it. Idempotent.
   *
   * @checkpoint never
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#inbox.closeReceiveEnd(this);
  }

  /** The same as `close()`, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * `for await` receives until the end. Breaking out of the loop does not close the channel.
   *
   * @checkpoint always, each step and the last one
   */
  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    // No `return` method: leaving a loop early must not close an end that others may go on using.
    return { next: () => this.#step() };
  }

  /** A snapshot for debugging and metrics. */
  statistics(): S {
    return this.#inbox.statistics();
  }

  /** @internal */
  attempt(): T | typeof blocked {
    if (this.#closed) throw closedError("receive");
    const item = this.#inbox.take(this);
    if (item === ended) throw this.#inbox.failure ?? endError();
    return item as T | typeof blocked;
  }

  /** @internal */
  enlist(selection: Selection, index: number): void {
    selection.join(this.#inbox.receivers, new SelectedReceive(this, selection, index));
  }

  /** Whether this end was closed. */
  protected get closed(): boolean {
    return this.#closed;
  }

  /** For `clone`. */
  protected requireOpen(): void {
    if (this.#closed) throw closedError("receive");
  }

  #step(): Promise<IteratorResult<T, undefined>> {
    const status = currentStatus();
    const denied = refusal(status);
    if (denied !== undefined) return denied;
    if (this.#closed) return Promise.reject(closedError("receive"));
    const inbox = this.#inbox;
    const item = inbox.take(this);
    if (item === blocked)
      return inbox.receivers.park("channel.receive", this.#stepping, status) as Promise<
        IteratorResult<T, undefined>
      >;
    if (item !== ended) return pass({ done: false, value: item as T }, status);
    if (inbox.failure !== undefined) return Promise.reject(inbox.failure);
    return pass({ done: true, value: undefined }, status);
  }
}

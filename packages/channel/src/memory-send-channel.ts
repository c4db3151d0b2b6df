import { WouldBlock } from "@espalier/core";
import { currentStatus, pass, refusal } from "@espalier/core/lowlevel";
import type { SendChannel } from "./channel.ts";
import { brokenError, closedError } from "./channel-errors.ts";
import { blocked } from "./inbox.ts";
import type { MemoryState } from "./memory-state.ts";
import type { SelectableSend } from "./select-case.ts";
import { SelectedSend, type Selection } from "./selection.ts";
import type { MemoryChannelStatistics } from "./statistics.ts";
import { PlainSend } from "./waiting-send.ts";
import { SendEnd } from "./send-end.ts";

/** The sending end of a memory channel. Made by `openMemoryChannel` and `clone`. */
export class MemorySendChannel<in T>
  extends SendEnd<MemoryChannelStatistics>
  implements SendChannel<T>, SelectableSend<T>
{
  readonly #state: MemoryState;

  /** @internal */
  constructor(state: MemoryState) {
    super(state);
    this.#state = state;
  }

  /**
   * Sends an item. Waits while the buffer is full; with capacity 0 it returns when a receiver has taken the item. Senders
   * are served first come, first served.
   *
   * Do not put it into `Promise.race`: the loser stays in line, and its item is sent later. Use `select`, or `moveOnAfter`
   * for a time limit.
   *
   * @checkpoint always
   * @cancellation The item was not sent.
   * @throws {Cancelled} the current scope is, or becomes, cancelled.
   * @throws {ClosedResourceError} this end was closed, before or during the wait.
   * @throws {BrokenResourceError} no receive end is open, before or during the wait; the item is its `unsent`.
   */
  send(item: T): Promise<void> {
    const status = currentStatus();
    const denied = refusal(status);
    if (denied !== undefined) return denied;
    const state = this.#state;
    if (this.closed) return Promise.reject(closedError("send"));
    if (state.broken) return Promise.reject(brokenError(item));
    if (state.offer(item)) return pass(undefined, status);
    return state.senders.park("channel.send", new PlainSend(item, this), status) as Promise<void>;
  }

  /**
   * Sends an item without waiting. It does not overtake: a free place that others wait for is theirs.
   *
   * @checkpoint never
   * @throws {WouldBlock} the buffer is full, or with capacity 0 no receiver waits.
   * @throws {ClosedResourceError} this end was closed.
   * @throws {BrokenResourceError} no receive end is open; the item is its `unsent`.
   */
  sendNowait(item: T): void {
    if (this.attempt(item) === blocked)
      throw new WouldBlock("The channel has no room and no receiver waits; send() would wait for one.");
  }

  /**
   * Another sending end of the same channel, closed independently: the channel ends when all are closed.
   *
   * @checkpoint never
   * @throws {ClosedResourceError} this end was closed.
   */
  override clone(): MemorySendChannel<T> {
    this.requireOpen();
    return new MemorySendChannel<T>(this.#state);
  }

  /** @internal */
  attempt(item: T): undefined | typeof blocked {
    this.requireOpen();
    if (this.#state.broken) throw brokenError(item);
    return this.#state.offer(item) ? undefined : blocked;
  }

  /** @internal */
  enlist(item: T, selection: Selection, index: number): void {
    selection.join(this.#state.senders, new SelectedSend(item, this, selection, index));
  }
}

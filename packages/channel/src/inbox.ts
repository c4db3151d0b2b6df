import { ParkingLot } from "@espalier/core/lowlevel";
import { closedError } from "./channel-errors.ts";
import type { WaitingReceive } from "./waiting-receive.ts";

/** Stands for "would have to wait"; items can be any value, `undefined` included. */
export const blocked: unique symbol = Symbol("blocked");
/** Stands for the end: nothing is left, and nothing will come. */
export const ended: unique symbol = Symbol("ended");

/**
 * The receiving half of a channel, of whatever kind: who waits, and how many receive ends are open. All receive ends of a
 * channel share one; what is received, and where it comes from, is the business of the kind.
 *
 * Invariants, checked by `assertInvariants`:
 * - nobody waits to receive when no receive end is open;
 * - a receiver waits only while there is nothing to take.
 */
export abstract class Inbox<out S = unknown> {
  readonly receivers: ParkingLot<unknown, WaitingReceive> = new ParkingLot();
  /** Why there is an end, where it is not the normal one. Once set, never unset. */
  failure: Error | undefined = undefined;
  protected openReceiveEnds = 0;

  /** Whether no receive end is open, so that nothing sent could ever arrive. */
  get broken(): boolean {
    return this.openReceiveEnds === 0;
  }

  /**
   * Takes the oldest item for a receive end. `blocked` if there is none, `ended` if there will never be one; `failure` says
   * more then.
   */
  abstract take(end: object): unknown;

  abstract statistics(): S;

  openReceiveEnd(): void {
    this.openReceiveEnds++;
  }

  /** Whoever waits in this very end is told that it is closed; with the last end, what was on its way has nowhere to go. */
  closeReceiveEnd(end: object): void {
    this.openReceiveEnds--;
    for (const ticket of [...this.receivers]) {
      // A select may wait here several times: the first telling takes all its places out of the queue.
      if (ticket.data.end === end && this.receivers.remove(ticket))
        ticket.data.finish(ticket.operation, closedError("receive"));
    }
    this.reclaim(end);
    if (this.broken) this.abandon();
  }

  /** For tests. */
  assertInvariants(): void {
    this.receivers.assertInvariants();
    if (this.broken && this.receivers.size > 0) throw new Error("a receiver waits in a closed end");
  }

  /** What an end that has just been closed still held comes back. */
  protected reclaim(_end: object): void {
    // most kinds lend nothing
  }

  /** The last receive end has been closed. */
  protected abstract abandon(): void;

  /** Gives the item to the oldest waiting receiver; false if nobody waits. `behind`: whether the giver goes on first. */
  protected hand(item: unknown, behind = false): boolean {
    for (let waiter = this.receivers.take(); waiter !== undefined; waiter = this.receivers.take())
      if (waiter.data.deliver(waiter.operation, item, behind)) return true;
    return false;
  }

  /** Tells all that wait that nothing will come. */
  protected finishReceivers(): void {
    for (let waiter = this.receivers.take(); waiter !== undefined; waiter = this.receivers.take())
      waiter.data.finish(waiter.operation, this.failure);
  }
}

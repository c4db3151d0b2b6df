import { type Parked, ParkingLot, type Ticket } from "@espalier/core/lowlevel";
import { Alarm, type Backoff, restOf } from "./backoff.ts";
import { brokenError, closedError } from "./channel-errors.ts";
import { Delivery } from "./delivery.ts";
import { deliveryFailed } from "./delivery-failed-error.ts";
import { blocked, ended, Inbox } from "./inbox.ts";
import type { WaitingReceive } from "./waiting-receive.ts";

/** A snapshot of a retrying channel, for debugging and metrics. */
export interface RetryingChannelStatistics {
  /** Send ends that are open, clones included. */
  readonly openSendChannels: number;
  /** Receive ends that are open, clones included. */
  readonly openReceiveChannels: number;
  /** Senders whose item has not been processed: in line, in the hands of a receiver, or resting. */
  readonly tasksWaitingSend: number;
  /** How many wait for an item. */
  readonly tasksWaitingReceive: number;
  /** Items in line for a receiver. */
  readonly itemsInLine: number;
  /** Items that a receiver has and has not settled, also when the sender has gone. */
  readonly itemsHeld: number;
  /** Items that rest after a failed attempt. */
  readonly itemsResting: number;
  /** Attempts that have failed so far, of all items. */
  readonly failedAttempts: number;
}

/** An item, from `send` until its sender goes on. */
export class Parcel {
  readonly item: unknown;
  /** The end through which it is sent. */
  readonly end: object;
  /** The sender's wait. The parcel is of no more use when it has ended. */
  readonly operation: Parked<void>;
  failedAttempts = 0;
  /** The errors of the failed attempts, in order; kept only where the attempts can run out. */
  readonly errors: unknown[] = [];
  /** The last failed attempt; `undefined` before there is one. */
  lastFailure: { readonly error: unknown; readonly end: object } | undefined = undefined;
  /** Takes it out of where it is: a queue, or its rest. `undefined` while a receiver has it, and when it is done. */
  withdraw: (() => void) | undefined = undefined;

  constructor(item: unknown, end: object, operation: Parked<void>) {
    this.item = item;
    this.end = end;
    this.operation = operation;
  }
}

/** What a delivery stands for. */
interface Holding {
  readonly parcel: Parcel;
  /** The receiving end that has it. */
  readonly end: object;
}

/**
 * What all ends of one retrying channel share. A parcel is always in one place:
 *
 *     event \ place    in line            held by a receiver                resting
 *     taken            -> held            -                                 -
 *     ack              -                  done: the sender goes on          -
 *     nack             -                  -> resting, or in line;           -
 *                                         done when attempts run out
 *     given back       -                  -> in line, in front              -
 *     rested           -                  -                                 -> in line
 *     sender cancelled done               stays until it is settled         done
 *     send end closed  done: sender fails likewise; the sender fails now    done: sender fails
 *     last receive     done: sender fails done: sender fails                done: sender fails
 *     end closed
 *
 * "In line" passes through it at once when a receiver waits; then it is held.
 *
 * Invariants, checked by `assertInvariants`, besides those of {@link Inbox}:
 * - receivers wait only while nothing is in line;
 * - what is in line or rests has a sender that waits, and an open receive end;
 * - nobody waits to receive when no send end is open.
 */
export class RetryingState extends Inbox<RetryingChannelStatistics> {
  readonly #maxAttempts: number;
  readonly #backoff: Backoff;
  /** In line, oldest first; before them come those that were given back. */
  readonly #line: ParkingLot<void, Parcel> = new ParkingLot();
  readonly #returned: ParkingLot<void, Parcel> = new ParkingLot();
  /** In the hands of receivers, and not settled. */
  readonly #held = new Map<Delivery<unknown>, Holding>();
  readonly #resting = new Set<Parcel>();
  #openSendEnds = 0;
  #failedAttempts = 0;

  constructor(maxAttempts: number, backoff: Backoff) {
    super();
    this.#maxAttempts = maxAttempts;
    this.#backoff = backoff;
  }

  /** A parcel has been sent. */
  accept(parcel: Parcel): void {
    this.#route(parcel, this.#line);
  }

  take(end: object): unknown {
    const ticket = this.#returned.take() ?? this.#line.take();
    if (ticket === undefined) return this.#openSendEnds === 0 ? ended : blocked;
    return this.#lend(ticket.data, end);
  }

  /** Processed. Says whether the sender still waited. */
  ack(delivery: Delivery<unknown>): boolean {
    return this.#settle(delivery)?.parcel.operation.resume() ?? false;
  }

  /** An attempt has failed. Says whether the sender still waited. */
  nack(delivery: Delivery<unknown>, error: unknown): boolean {
    const holding = this.#settle(delivery);
    if (holding === undefined) return false;
    const { parcel, end } = holding;
    this.#failedAttempts++;
    if (!parcel.operation.pending) return false;
    parcel.failedAttempts++;
    parcel.lastFailure = { error, end };
    if (this.#maxAttempts !== Infinity) parcel.errors.push(error);
    if (parcel.failedAttempts < this.#maxAttempts) this.#rest(parcel);
    else parcel.operation.fail(deliveryFailed(parcel.errors, parcel.item));
    return true;
  }

  /** Not tried, or not to its end: it goes to somebody else as if nothing had happened. */
  giveBack(delivery: Delivery<unknown>): boolean {
    const parcel = this.#settle(delivery)?.parcel;
    if (parcel?.operation.pending !== true) return false;
    this.#route(parcel, this.#returned);
    return true;
  }

  /** Whether the receiver has it and has not settled it. */
  holds(delivery: Delivery<unknown>): boolean {
    return this.#held.has(delivery);
  }

  openSendEnd(): void {
    this.#openSendEnds++;
  }

  /** Whoever waits in this very end is told that it is closed; with the last one, receivers meet the end. */
  closeSendEnd(end: object): void {
    this.#openSendEnds--;
    for (const parcel of this.#unsettled()) {
      if (parcel.end !== end) continue;
      parcel.withdraw?.();
      parcel.operation.fail(closedError("send"));
    }
    if (this.#openSendEnds === 0) this.finishReceivers();
  }

  statistics(): RetryingChannelStatistics {
    const itemsInLine = this.#line.size + this.#returned.size;
    const held = [...this.#held.values()].filter(({ parcel }) => parcel.operation.pending);
    return {
      openSendChannels: this.#openSendEnds,
      openReceiveChannels: this.openReceiveEnds,
      tasksWaitingSend: itemsInLine + held.length + this.#resting.size,
      tasksWaitingReceive: this.receivers.size,
      itemsInLine,
      itemsHeld: this.#held.size,
      itemsResting: this.#resting.size,
      failedAttempts: this.#failedAttempts,
    };
  }

  override assertInvariants(): void {
    super.assertInvariants();
    this.#line.assertInvariants(); // also says that the senders wait
    this.#returned.assertInvariants();
    const itemsInLine = this.#line.size + this.#returned.size;
    if (this.receivers.size > 0 && itemsInLine > 0) throw new Error("a receiver waits beside items");
    if (this.receivers.size > 0 && this.#openSendEnds === 0)
      throw new Error("a receiver waits without senders");
    if (this.broken && itemsInLine + this.#resting.size + this.#held.size > 0)
      throw new Error("items wait without receivers");
    for (const { operation } of this.#resting)
      if (!operation.pending) throw new Error("an item of nobody rests");
  }

  /** What a receiver that closes has not settled goes to the others. */
  protected override reclaim(end: object): void {
    for (const [delivery, holding] of [...this.#held]) if (holding.end === end) this.giveBack(delivery);
  }

  /** Senders learn that nobody is left, and what went wrong last. */
  protected override abandon(): void {
    for (const parcel of this.#unsettled()) {
      parcel.withdraw?.();
      parcel.operation.fail(brokenError(parcel.item, parcel.lastFailure));
    }
  }

  /** All parcels whose sender may wait, wherever they are. */
  #unsettled(): Parcel[] {
    return [
      ...Array.from(this.#returned, (ticket) => ticket.data),
      ...Array.from(this.#line, (ticket) => ticket.data),
      ...Array.from(this.#held.values(), (holding) => holding.parcel),
      ...this.#resting,
    ];
  }

  /** To a receiver that waits, else to the end of a queue. */
  #route(parcel: Parcel, queue: ParkingLot<void, Parcel>): void {
    parcel.withdraw = undefined;
    for (let waiter = this.#choose(parcel); waiter !== undefined; waiter = this.#choose(parcel)) {
      this.receivers.remove(waiter);
      const delivery = this.#lend(parcel, waiter.data.end);
      if (waiter.data.deliver(waiter.operation, delivery, false)) return;
      this.#held.delete(delivery);
    }
    const ticket = queue.add(parcel.operation, parcel);
    parcel.withdraw = () => queue.remove(ticket);
  }

  /** The oldest waiting receiver, but rather not the one whose attempt has just failed. */
  #choose(parcel: Parcel): Ticket<unknown, WaitingReceive> | undefined {
    const failed = parcel.lastFailure?.end;
    if (failed !== undefined) {
      for (const waiter of this.receivers) if (waiter.data.end !== failed) return waiter;
    }
    return this.receivers.peek();
  }

  #lend(parcel: Parcel, end: object): Delivery<unknown> {
    parcel.withdraw = undefined;
    const delivery = new Delivery(this, parcel.item, parcel.failedAttempts + 1);
    this.#held.set(delivery, { parcel, end });
    return delivery;
  }

  /** Takes it out of the receiver's hands; `undefined` if it was settled before. */
  #settle(delivery: Delivery<unknown>): Holding | undefined {
    const holding = this.#held.get(delivery);
    this.#held.delete(delivery);
    return holding;
  }

  #rest(parcel: Parcel): void {
    let ms: number;
    try {
      ms = restOf(this.#backoff, parcel.failedAttempts);
    } catch (error) {
      // The user's function is at fault, and the sender is the one who has to know that the item will not be tried again.
      parcel.operation.fail(error);
      return;
    }
    if (ms === 0) {
      this.#route(parcel, this.#line);
      return;
    }
    const alarm = new Alarm(parcel.operation.status, ms, () => {
      this.#resting.delete(parcel);
      this.#route(parcel, this.#line);
    });
    this.#resting.add(parcel);
    parcel.withdraw = () => {
      this.#resting.delete(parcel);
      alarm.stop();
    };
    alarm.start();
  }
}

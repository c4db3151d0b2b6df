import { ParkingLot } from "@espalier/core/lowlevel";
import type { BroadcastReceiveStatistics, BroadcastSendStatistics } from "./broadcast-statistics.ts";
import { BufferedInbox } from "./buffered-inbox.ts";
import { closedError } from "./channel-errors.ts";
import { blocked, ended } from "./inbox.ts";
import type { Overflow } from "./overflow.ts";

/** A sender in line. */
interface WaitingBroadcast {
  readonly item: unknown;
  /** The end through which it sends. */
  readonly end: object;
}

/**
 * What the send ends of one broadcast channel share: the subscriptions, and who waits to send. An item is given to all
 * subscriptions in one step or to none, so that a sender which is cancelled while it waits has sent nothing to anybody.
 *
 * Invariant, checked by `assertInvariants`: senders wait only while some subscription has no room.
 */
export class BroadcastState {
  readonly capacity: number;
  readonly overflow: Overflow;
  readonly senders: ParkingLot<void, WaitingBroadcast> = new ParkingLot();
  private readonly subscriptions = new Set<Subscription>();
  private openSendEnds = 0;
  private itemsDropped = 0;

  constructor(capacity: number, overflow: Overflow) {
    this.capacity = capacity;
    this.overflow = overflow;
  }

  /** Whether no send end is open. */
  get over(): boolean {
    return this.openSendEnds === 0;
  }

  /** Whether an item goes to all subscriptions or to none. */
  get lossless(): boolean {
    return this.overflow === "block" || this.overflow === "error";
  }

  /** Gives the item to every subscription, as the overflow mode says; false if that would have to wait, or is an error. */
  publish(item: unknown): boolean {
    if (this.lossless && !this.everybodyAccepts()) return false; // so nobody is overtaken, see the invariant
    this.distribute(item);
    return true;
  }

  subscribe(): Subscription {
    const subscription = new Subscription(this);
    this.subscriptions.add(subscription);
    return subscription;
  }

  unsubscribe(subscription: Subscription): void {
    this.subscriptions.delete(subscription);
    this.roomMade();
  }

  /** A subscription has taken an item or left: the oldest waiting senders may be able to go on. */
  roomMade(): void {
    while (this.senders.size > 0 && this.everybodyAccepts()) this.releaseSender();
  }

  /** Without a buffer, the oldest waiting sender can go on when one subscription asks and all the others wait. */
  takeFor(subscription: Subscription): unknown {
    while (this.senders.size > 0 && this.everybodyAccepts(subscription)) {
      const item = this.releaseSender(subscription);
      if (item !== blocked) return item;
    }
    return blocked;
  }

  openSendEnd(): void {
    this.openSendEnds++;
  }

  /** Whoever waits in this very end is told that it is closed; with the last one, the subscribers meet the end. */
  closeSendEnd(end: object): void {
    this.openSendEnds--;
    this.senders.failAll(
      () => closedError("send"),
      (waiting) => waiting.end === end,
    );
    if (this.over) for (const each of this.subscriptions) each.finish();
  }

  noteDropped(): void {
    this.itemsDropped++;
  }

  statistics(): BroadcastSendStatistics {
    return {
      openSendChannels: this.openSendEnds,
      subscribers: this.subscriptions.size,
      tasksWaitingSend: this.senders.size,
      itemsDropped: this.itemsDropped,
    };
  }

  /** For tests. */
  assertInvariants(): void {
    this.senders.assertInvariants();
    for (const each of this.subscriptions) each.assertInvariants();
    if (this.senders.size > 0 && this.everybodyAccepts())
      throw new Error("a sender waits although everybody has room");
  }

  private everybodyAccepts(except?: Subscription): boolean {
    for (const each of this.subscriptions) if (each !== except && !each.accepts) return false;
    return true;
  }

  /** Sends the item of the oldest waiting sender to all but `except`, and gives it; `blocked` if it waits no more. */
  private releaseSender(except?: Subscription): unknown {
    const sender = this.senders.take();
    if (sender?.operation.resume() !== true) return blocked;
    const { item } = sender.data;
    this.distribute(item, except);
    return item;
  }

  private distribute(item: unknown, except?: Subscription): void {
    for (const each of this.subscriptions) if (each !== except) each.accept(item);
    if (this.subscriptions.size === 0) this.itemsDropped++;
  }
}

/** What one subscriber has not received yet. */
export class Subscription extends BufferedInbox<BroadcastReceiveStatistics> {
  readonly #hub: BroadcastState;
  #itemsDropped = 0;

  constructor(hub: BroadcastState) {
    super(hub.capacity);
    this.#hub = hub;
  }

  take(): unknown {
    if (this.buffer.length > 0) {
      const item = this.buffer.shift();
      this.#hub.roomMade();
      return item;
    }
    const item = this.#hub.takeFor(this);
    return item === blocked && this.#hub.over ? ended : item;
  }

  /** Takes the item in, or drops what the overflow mode says. */
  accept(item: unknown): void {
    if (this.offer(item)) return;
    if (this.#hub.lossless) {
      // Without a buffer, one select that waits in two subscriptions counts as a receiver in both, and takes from one.
      this.store(item);
      return;
    }
    this.#itemsDropped++;
    this.#hub.noteDropped();
    if (this.#hub.overflow === "dropOldest" && this.buffer.length > 0) {
      this.buffer.shift();
      this.store(item);
    }
  }

  /** All senders have closed. */
  finish(): void {
    this.finishReceivers();
  }

  statistics(): BroadcastReceiveStatistics {
    return { ...this.bufferStatistics(), itemsDropped: this.#itemsDropped };
  }

  protected override abandon(): void {
    super.abandon();
    this.#hub.unsubscribe(this);
  }
}

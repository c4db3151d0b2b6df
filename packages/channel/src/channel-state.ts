import { BrokenResourceError, ClosedResourceError, EndOfChannel } from "@espalier/core";
import { ParkingLot, type Ticket } from "@espalier/core/lowlevel";
import { RingBuffer } from "./ring-buffer.ts";
import type { MemoryChannelStatistics } from "./statistics.ts";

/*
 * What all ends of one memory channel share: the buffer, who waits, how many ends are open. Every change goes through the
 * transitions below; the ends only add checkpoints and their own open or closed state.
 *
 * Invariants, checked by `assertInvariants`:
 * - receivers wait only while the buffer is empty and no sender waits;
 * - senders wait only while the buffer is full;
 * - nobody waits to receive when no send end is open, nor to send when no receive end is open;
 * - without an open receive end the buffer is empty.
 */

/** Stands for "would have to wait"; items can be any value, `undefined` included. */
export const blocked: unique symbol = Symbol("blocked");
/** Stands for the end: all senders closed, everything received. */
export const ended: unique symbol = Symbol("ended");

/** A sender in line: its item, and the end through which it sends. */
export interface WaitingSend {
  readonly item: unknown;
  readonly end: object;
}

/** A receiver in line: the end through which it receives. */
export interface WaitingReceive {
  readonly end: object;
}

/** Knows nothing of the type of its items; the ends do. */
export class ChannelState {
  readonly capacity: number;
  readonly senders: ParkingLot<void, WaitingSend> = new ParkingLot();
  /** A receiver that is woken with `ended` has met the end of the channel. */
  readonly receivers: ParkingLot<unknown, WaitingReceive> = new ParkingLot();
  private readonly buffer = new RingBuffer<unknown>();
  private openSendEnds = 0;
  private openReceiveEnds = 0;
  private peakBufferUsed = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  /** Whether no receive end is open, so that nothing sent could ever arrive. */
  get broken(): boolean {
    return this.openReceiveEnds === 0;
  }

  /** Gives the item to the oldest waiting receiver, else to the buffer; false if there is room in neither. */
  offer(item: unknown): boolean {
    for (let waiter = this.receivers.take(); waiter !== undefined; waiter = this.receivers.take())
      if (waiter.operation.resume(item)) return true;
    if (this.buffer.length >= this.capacity) return false;
    this.buffer.push(item);
    this.peakBufferUsed = Math.max(this.peakBufferUsed, this.buffer.length);
    return true;
  }

  /**
   * Takes the oldest item: from the buffer, whose free place goes to the oldest waiting sender; else from that sender.
   * `blocked` if there is none, `ended` if there will never be one.
   */
  take(): unknown {
    if (this.buffer.length > 0) {
      const item = this.buffer.shift();
      const sender = this.releaseSender();
      if (sender !== undefined) this.buffer.push(sender.data.item);
      return item;
    }
    const sender = this.releaseSender();
    if (sender !== undefined) return sender.data.item;
    return this.openSendEnds === 0 ? ended : blocked;
  }

  openSendEnd(): void {
    this.openSendEnds++;
  }

  openReceiveEnd(): void {
    this.openReceiveEnds++;
  }

  /** Whoever waits in this very end is told that it is closed; with the last one, receivers meet the end. */
  closeSendEnd(end: object): void {
    this.openSendEnds--;
    this.senders.failAll(
      () => closedError("send"),
      (waiter) => waiter.end === end,
    );
    if (this.openSendEnds === 0) this.receivers.unparkAll(ended);
  }

  /** Whoever waits in this very end is told that it is closed; with the last one, the buffer is dropped and senders fail. */
  closeReceiveEnd(end: object): void {
    this.openReceiveEnds--;
    this.receivers.failAll(
      () => closedError("receive"),
      (waiter) => waiter.end === end,
    );
    if (this.openReceiveEnds > 0) return;
    this.buffer.clear();
    this.senders.failAll((waiter) => brokenError(waiter.item));
  }

  statistics(): MemoryChannelStatistics {
    return {
      currentBufferUsed: this.buffer.length,
      maxBufferSize: this.capacity,
      openSendChannels: this.openSendEnds,
      openReceiveChannels: this.openReceiveEnds,
      tasksWaitingSend: this.senders.size,
      tasksWaitingReceive: this.receivers.size,
      peakBufferUsed: this.peakBufferUsed,
    };
  }

  /** For tests. */
  assertInvariants(): void {
    this.senders.assertInvariants();
    this.receivers.assertInvariants();
    const { buffer, capacity, senders, receivers } = this;
    if (receivers.size > 0 && (buffer.length > 0 || senders.size > 0))
      throw new Error("a receiver waits beside items");
    if (senders.size > 0 && buffer.length < capacity) throw new Error("a sender waits beside free room");
    if (receivers.size > 0 && this.openSendEnds === 0) throw new Error("a receiver waits without senders");
    if (this.broken && (senders.size > 0 || buffer.length > 0))
      throw new Error("something waits without receivers");
  }

  /** Lets the oldest waiting sender go on, because its item has been taken. */
  private releaseSender(): Ticket<void, WaitingSend> | undefined {
    for (let sender = this.senders.take(); sender !== undefined; sender = this.senders.take())
      if (sender.operation.resume()) return sender;
    return undefined;
  }
}

/** This end was closed by its own side. */
export function closedError(direction: "send" | "receive"): ClosedResourceError {
  return new ClosedResourceError(
    `This ${direction} end of the channel was closed; each task that needs one should hold a clone().`,
  );
}

/** Nobody is left to receive; the item is handed back. */
export function brokenError(item: unknown): BrokenResourceError {
  return new BrokenResourceError(
    "No receive end of the channel is open any more, so the item cannot arrive; it is in `unsent`.",
    {
      unsent: item,
    },
  );
}

/** The normal end. */
export function endError(): EndOfChannel {
  return new EndOfChannel(
    "All send ends of the channel are closed, and everything that was sent has been received.",
  );
}

import { ParkingLot, type Ticket } from "@espalier/core/lowlevel";
import { BufferedInbox } from "./buffered-inbox.ts";
import { brokenError, closedError } from "./channel-errors.ts";
import { blocked, ended } from "./inbox.ts";
import type { MemoryChannelStatistics } from "./statistics.ts";
import type { WaitingSend } from "./waiting-send.ts";

/**
 * What all ends of one memory channel share: the buffer, who waits, how many ends are open. Every change goes through the
 * transitions below; the ends only add checkpoints and their own open or closed state. It knows nothing of the type of its
 * items; the ends do.
 *
 * Invariants, checked by `assertInvariants`, besides those of {@link BufferedInbox}:
 * - the buffer holds no more than its capacity, and senders wait only while it is full;
 * - nobody waits to send or to receive when no end of the other side is open;
 * - a sender and a receiver wait side by side only if they are one `select`, which does not meet itself.
 */
export class MemoryState extends BufferedInbox<MemoryChannelStatistics> {
  readonly senders: ParkingLot<unknown, WaitingSend> = new ParkingLot();
  private openSendEnds = 0;

  /** From the buffer, whose free place goes to the oldest waiting sender; else from that sender. */
  take(): unknown {
    if (this.buffer.length > 0) {
      const item = this.buffer.shift();
      const sender = this.releaseSender(true);
      if (sender !== undefined) this.buffer.push(sender.data.item);
      return item;
    }
    const sender = this.releaseSender(false);
    if (sender !== undefined) return sender.data.item;
    return this.openSendEnds === 0 ? ended : blocked;
  }

  openSendEnd(): void {
    this.openSendEnds++;
  }

  /** Whoever waits in this very end is told that it is closed; with the last one, receivers meet the end. */
  closeSendEnd(end: object): void {
    this.openSendEnds--;
    for (const ticket of [...this.senders]) {
      if (ticket.data.end === end && this.senders.remove(ticket))
        ticket.data.fail(ticket.operation, closedError("send"));
    }
    if (this.openSendEnds === 0) this.finishReceivers();
  }

  statistics(): MemoryChannelStatistics {
    return {
      ...this.bufferStatistics(),
      openSendChannels: this.openSendEnds,
      tasksWaitingSend: this.senders.size,
    };
  }

  override assertInvariants(): void {
    super.assertInvariants();
    this.senders.assertInvariants();
    const { buffer, capacity, senders, receivers } = this;
    if (buffer.length > capacity) throw new Error("more items than the capacity");
    if (senders.size > 0 && buffer.length < capacity) throw new Error("a sender waits beside free room");
    if (receivers.size > 0 && this.openSendEnds === 0) throw new Error("a receiver waits without senders");
    if (senders.size > 0 && this.broken) throw new Error("a sender waits without receivers");
    for (const { operation } of senders)
      for (const receiver of receivers)
        if (receiver.operation !== operation) throw new Error("a sender and a receiver wait side by side");
  }

  /** The buffer is dropped, and senders fail. */
  protected override abandon(): void {
    super.abandon();
    for (let sender = this.senders.take(); sender !== undefined; sender = this.senders.take())
      sender.data.fail(sender.operation, brokenError(sender.data.item));
  }

  /** Lets the oldest waiting sender go on, because its item is taken; `behind`: after the taker. */
  private releaseSender(behind: boolean): Ticket<unknown, WaitingSend> | undefined {
    for (let sender = this.senders.take(); sender !== undefined; sender = this.senders.take())
      if (sender.data.taken(sender.operation, behind)) return sender;
    return undefined;
  }
}

import { Inbox } from "./inbox.ts";
import { RingBuffer } from "./ring-buffer.ts";
import type { BufferStatistics } from "./statistics.ts";

/**
 * A receiving half with a buffer of limited size.
 *
 * Invariants, checked by `assertInvariants`, besides those of {@link Inbox}:
 * - receivers wait only while the buffer is empty;
 * - without an open receive end the buffer is empty.
 */
export abstract class BufferedInbox<out S = unknown> extends Inbox<S> {
  readonly capacity: number;
  protected readonly buffer: RingBuffer<unknown> = new RingBuffer();
  private peakBufferUsed = 0;

  constructor(capacity: number) {
    super();
    this.capacity = capacity;
  }

  /** Whether an item would find a place. */
  get accepts(): boolean {
    return this.receivers.size > 0 || this.buffer.length < this.capacity;
  }

  /** Gives the item to the oldest waiting receiver, else to the buffer; false if there is room in neither. */
  offer(item: unknown): boolean {
    if (this.hand(item, this.capacity > 0)) return true;
    if (this.buffer.length >= this.capacity) return false;
    this.store(item);
    return true;
  }

  override assertInvariants(): void {
    super.assertInvariants();
    if (this.receivers.size > 0 && this.buffer.length > 0) throw new Error("a receiver waits beside items");
    if (this.broken && this.buffer.length > 0) throw new Error("items are kept for nobody");
  }

  protected store(item: unknown): void {
    this.buffer.push(item);
    if (this.buffer.length > this.peakBufferUsed) this.peakBufferUsed = this.buffer.length;
  }

  protected override abandon(): void {
    this.buffer.clear();
  }

  protected bufferStatistics(): BufferStatistics {
    return {
      currentBufferUsed: this.buffer.length,
      maxBufferSize: this.capacity,
      openReceiveChannels: this.openReceiveEnds,
      tasksWaitingReceive: this.receivers.size,
      peakBufferUsed: this.peakBufferUsed,
    };
  }
}

import { BrokenResourceError } from "@espalier/core";
import { BufferedInbox } from "./buffered-inbox.ts";
import { blocked, ended } from "./inbox.ts";
import type { Overflow } from "./overflow.ts";
import type { BufferStatistics } from "./statistics.ts";

/** A snapshot of a channel of events. */
export interface EventChannelStatistics extends BufferStatistics {
  /** Events that came while there was no room. */
  readonly itemsDropped: number;
}

/**
 * The events that have come and were not received yet. It is called by an emitter, in whatever context that dispatches, and
 * touches nothing of that context: a receiver is resumed in the status in which it waits.
 */
export class EventState extends BufferedInbox<EventChannelStatistics> {
  /** Stops listening; set once the listeners are there. */
  stopListening: () => void = () => undefined;
  readonly #overflow: Overflow;
  #itemsDropped = 0;

  constructor(capacity: number, overflow: Overflow) {
    super(capacity);
    this.#overflow = overflow;
  }

  take(): unknown {
    if (this.buffer.length > 0) return this.buffer.shift();
    return this.failure === undefined ? blocked : ended;
  }

  /** An event has come. */
  accept(item: unknown): void {
    if (this.failure !== undefined || this.offer(item)) return;
    this.#itemsDropped++;
    if (this.#overflow === "error") {
      this.fail(
        new BrokenResourceError(
          `An event came while ${this.capacity} were waiting to be received; a larger capacity, or another overflow mode, makes room.`,
        ),
      );
    } else if (this.#overflow === "dropOldest" && this.buffer.length > 0) {
      this.buffer.shift();
      this.store(item);
    }
  }

  /** No more events will be taken in: receivers get what has come, then this error. */
  fail(error: Error): void {
    if (this.failure !== undefined) return;
    this.failure = error;
    this.stopListening();
    this.finishReceivers();
  }

  statistics(): EventChannelStatistics {
    return { ...this.bufferStatistics(), itemsDropped: this.#itemsDropped };
  }

  protected override abandon(): void {
    super.abandon();
    this.stopListening();
  }
}

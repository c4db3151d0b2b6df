/** What can be said of every buffer that is received from. */
export interface BufferStatistics {
  /** Items in the buffer. */
  readonly currentBufferUsed: number;
  /** The capacity. */
  readonly maxBufferSize: number;
  /** Receive ends that are open, clones included. */
  readonly openReceiveChannels: number;
  /** How many wait to receive; a `select` counts in each of its channels. */
  readonly tasksWaitingReceive: number;
  /** The most items that the buffer has ever held. */
  readonly peakBufferUsed: number;
}

/** A snapshot of a memory channel, for debugging and metrics. Trio's fields. */
export interface MemoryChannelStatistics extends BufferStatistics {
  /** Send ends that are open, clones included. */
  readonly openSendChannels: number;
  /** How many wait to send; a `select` counts in each of its channels. */
  readonly tasksWaitingSend: number;
}

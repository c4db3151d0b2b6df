/** A snapshot of a memory channel, for debugging and metrics. Trio's fields. */
export interface MemoryChannelStatistics {
  /** Items in the buffer. */
  readonly currentBufferUsed: number;
  /** The capacity. */
  readonly maxBufferSize: number;
  /** Send ends that are open, clones included. */
  readonly openSendChannels: number;
  /** Receive ends that are open, clones included. */
  readonly openReceiveChannels: number;
  readonly tasksWaitingSend: number;
  readonly tasksWaitingReceive: number;
  /** The most items that the buffer has ever held. */
  readonly peakBufferUsed: number;
}

import type { BufferStatistics } from "./statistics.ts";

/** A snapshot of the sending side of a broadcast channel. */
export interface BroadcastSendStatistics {
  /** Send ends that are open, clones included. */
  readonly openSendChannels: number;
  /** Subscriptions that are open. */
  readonly subscribers: number;
  /** How many wait to send. */
  readonly tasksWaitingSend: number;
  /** How often an item did not reach a subscriber because it had no room, or anybody because there was no subscriber. */
  readonly itemsDropped: number;
}

/** A snapshot of one subscription to a broadcast channel. */
export interface BroadcastReceiveStatistics extends BufferStatistics {
  /** Items that this subscriber has missed. */
  readonly itemsDropped: number;
}

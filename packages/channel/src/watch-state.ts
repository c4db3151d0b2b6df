import { ParkingLot } from "@espalier/core/lowlevel";
import { closedError, endError } from "./channel-errors.ts";

/** A snapshot of a watch channel, for debugging and metrics. */
export interface WatchChannelStatistics {
  /** Send ends that are open, clones included. */
  readonly openSendChannels: number;
  /** Receive ends that are open, clones included. */
  readonly openReceiveChannels: number;
  /** How many wait for a change. */
  readonly tasksWaitingChanged: number;
  /** How often the value has been set. */
  readonly changes: number;
}

/** How far a receive end has got: the version that it last saw. Also stands for the end in the queue of those who wait. */
export interface Cursor {
  seen: number;
}

/**
 * What all ends of one watch channel share: the latest value, its version, and who waits for a newer one.
 *
 * Invariant, checked by `assertInvariants`: who waits has seen the latest version, in an open end, and some send end is open.
 */
export class WatchState {
  value: unknown;
  /** How often the value has been set. */
  version = 0;
  readonly waiting: ParkingLot<unknown, Cursor> = new ParkingLot();
  private openSendEnds = 0;
  private openReceiveEnds = 0;

  constructor(initial: unknown) {
    this.value = initial;
  }

  /** Whether no receive end is open. */
  get broken(): boolean {
    return this.openReceiveEnds === 0;
  }

  /** Whether no send end is open. */
  get over(): boolean {
    return this.openSendEnds === 0;
  }

  /** Who waits gets this value, and has seen it; who does not wait will find it. */
  set(value: unknown): void {
    this.value = value;
    this.version++;
    for (let waiter = this.waiting.take(); waiter !== undefined; waiter = this.waiting.take())
      if (waiter.operation.resume(value)) waiter.data.seen = this.version;
  }

  openSendEnd(): void {
    this.openSendEnds++;
  }

  openReceiveEnd(): void {
    this.openReceiveEnds++;
  }

  closeSendEnd(): void {
    this.openSendEnds--;
    if (this.over) this.waiting.failAll(() => endError());
  }

  closeReceiveEnd(cursor: Cursor): void {
    this.openReceiveEnds--;
    this.waiting.failAll(
      () => closedError("receive"),
      (waiter) => waiter === cursor,
    );
  }

  statistics(): WatchChannelStatistics {
    return {
      openSendChannels: this.openSendEnds,
      openReceiveChannels: this.openReceiveEnds,
      tasksWaitingChanged: this.waiting.size,
      changes: this.version,
    };
  }

  /** For tests. */
  assertInvariants(): void {
    this.waiting.assertInvariants();
    for (const { data } of this.waiting)
      if (data.seen !== this.version) throw new Error("somebody waits for what is there");
    if (this.waiting.size > 0 && (this.over || this.broken)) throw new Error("somebody waits without ends");
  }
}

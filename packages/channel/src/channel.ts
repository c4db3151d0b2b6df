import type { SelectableReceive } from "./select-case.ts";

/*
 * What all kinds of channel have in common, for functions that do not care which kind they are given. After Trio's
 * `abc.SendChannel` and `abc.ReceiveChannel`.
 */

/** A sending end, of whatever kind of channel. */
export interface SendChannel<in T> extends Disposable {
  /**
   * Sends an item; when it returns, and how it fails, is up to the kind of channel.
   *
   * @checkpoint always
   */
  send(item: T): Promise<void>;
  /** Closes this end, and no other. Idempotent. */
  close(): void;
  /** A snapshot for debugging and metrics. */
  statistics(): object;
}

/**
 * A receiving end, of whatever kind of channel. `for await` receives until the end; leaving the loop early closes nothing.
 * Implemented by the channels of this package, so that `select` takes every one.
 */
export interface ReceiveChannel<out T> extends Disposable, AsyncIterable<T>, SelectableReceive<T> {
  /**
   * Receives the next item, waiting for one if there is none.
   *
   * @checkpoint always
   * @cancellation Nothing was received.
   */
  receive(): Promise<T>;
  /**
   * Receives an item without waiting.
   *
   * @checkpoint never
   */
  receiveNowait(): T;
  /** Another receiving end of the same channel, closed independently; each item goes to one of the ends. */
  clone(): ReceiveChannel<T>;
  /** Closes this end, and no other. Idempotent. */
  close(): void;
  /** A snapshot for debugging and metrics. */
  statistics(): object;
}

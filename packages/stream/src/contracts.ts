import type { AsyncResource } from "./async-resource.ts";

/*
 * What every stream promises, whoever made it. `checkOneWayStream` and its kin in `@espalier/testing` prove it. After Trio's
 * `trio.abc`.
 */

/** The sending half: bytes go in, in order. */
export interface SendStream extends AsyncResource {
  /**
   * Sends all of the bytes. Returns when the other side of the border (the kernel, the wrapped stream) has taken them, so
   * that a slow reader holds the sender back. Do not change the array before it has returned.
   *
   * @checkpoint always
   * @cancellation Some of the bytes may have been sent and it cannot be known how many: the sending half is broken for
   *   good, and later calls raise `BrokenResourceError`.
   * @throws {Cancelled} the current scope is, or becomes, cancelled.
   * @throws {BusyResourceError} another task is sending, or closing the sending half.
   * @throws {BrokenResourceError} the connection is gone, or an earlier send was cancelled.
   * @throws {ClosedResourceError} this side closed the stream, or its sending half.
   * @throws {TypeError} `bytes` is not a `Uint8Array`.
   */
  sendAll(bytes: Uint8Array): Promise<void>;
  /**
   * Waits until `sendAll` would probably not have to wait. It may return early, never late: for producers that want to make
   * the freshest bytes at the last moment.
   *
   * @checkpoint always
   * @throws the same as `sendAll`.
   */
  waitSendAllMightNotBlock(): Promise<void>;
}

/** The receiving half: bytes come out, in order. */
export interface ReceiveStream extends AsyncResource, AsyncIterable<Uint8Array> {
  /**
   * Receives some bytes, as soon as there are any: at least one, at most `max`. `undefined` at the end, each time.
   *
   * @checkpoint always
   * @cancellation No byte was taken.
   * @param max - A whole number, 1 or more; without it, as many as are there.
   * @throws {Cancelled} the current scope is, or becomes, cancelled.
   * @throws {BusyResourceError} another task is receiving.
   * @throws {BrokenResourceError} the connection broke before its end.
   * @throws {ClosedResourceError} this side closed the stream.
   * @throws {RangeError} `max` is not such a number.
   */
  receiveSome(max?: number): Promise<Uint8Array | undefined>;
}

/** Both directions. */
export interface Stream extends SendStream, ReceiveStream {}

/** A stream whose sending half can be closed by itself, so that the other side sees the end and can still answer. */
export interface HalfCloseableStream extends Stream {
  /**
   * Closes the sending half: the other side receives what was sent, and then the end. Idempotent.
   *
   * @checkpoint always
   * @cancellation As with `sendAll`.
   * @throws the same as `sendAll`, except that a repeated call does nothing.
   */
  sendEof(): Promise<void>;
}

/** Takes connections. */
export interface Listener<S extends AsyncResource = Stream> extends AsyncResource {
  /**
   * Waits for the next connection.
   *
   * @checkpoint always
   * @cancellation No connection was taken.
   * @throws {Cancelled} the current scope is, or becomes, cancelled.
   * @throws {BusyResourceError} another task is accepting.
   * @throws {ClosedResourceError} this side closed the listener.
   */
  accept(): Promise<S>;
}

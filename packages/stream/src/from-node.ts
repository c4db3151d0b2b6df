import type { Duplex, Readable, Writable } from "node:stream";

import { kindOf } from "./check-bytes.ts";
import type { HalfCloseableStream, ReceiveStream, SendStream } from "./contracts.ts";
import { NodeDuplexStream, NodeReceiveStream, NodeSendStream } from "./node-stream.ts";

/**
 * A Node `Readable` of bytes as a stream of ours. It belongs to the wrapper from now on. One in object mode, as `Readable.from`
 * makes them, is welcome if what it gives are bytes or strings.
 *
 * @checkpoint never
 * @throws {TypeError} it is not one.
 */
export function fromNodeReadable(readable: Readable): ReceiveStream {
  check(
    readable,
    "fromNodeReadable",
    "a Readable",
    typeof (readable as Partial<Readable> | null | undefined)?.read === "function",
  );
  return new NodeReceiveStream(readable);
}

/**
 * A Node `Writable` of bytes as a stream of ours. It belongs to the wrapper from now on; `aclose()` ends it.
 *
 * @checkpoint never
 * @throws {TypeError} it is not one, or it is in object mode.
 */
export function fromNodeWritable(writable: Writable): SendStream {
  check(
    writable,
    "fromNodeWritable",
    "a Writable",
    typeof (writable as Partial<Writable> | null | undefined)?.write === "function",
  );
  if (writable.writableObjectMode)
    throw new TypeError("fromNodeWritable needs a Writable of bytes, not one in object mode.");
  return new NodeSendStream(writable);
}

/**
 * A Node `Duplex` of bytes as a stream of ours. It belongs to the wrapper from now on; `aclose()` ends it.
 *
 * @checkpoint never
 * @throws {TypeError} it is not one, or it is written in object mode.
 */
export function fromNodeDuplex(duplex: Duplex): HalfCloseableStream {
  const { read, write } = (duplex as Partial<Duplex> | null | undefined) ?? {};
  check(duplex, "fromNodeDuplex", "a Duplex", typeof read === "function" && typeof write === "function");
  if (duplex.writableObjectMode)
    throw new TypeError("fromNodeDuplex needs a Duplex of bytes, not one that is written in object mode.");
  return new NodeDuplexStream(duplex);
}

function check(stream: unknown, where: string, what: string, ok: boolean): void {
  if (!ok) throw new TypeError(`${where} needs ${what} of node:stream, not ${kindOf(stream)}.`);
}

import { quietly, refusal } from "@espalier/core/lowlevel";
import { dispose } from "./async-resource.ts";
import { chunksOf } from "./chunks-of.ts";
import type { HalfCloseableStream, ReceiveStream, SendStream } from "./contracts.ts";

/** Two one-way streams as one: a child's stdin and stdout, for instance. After Trio's StapledStream. */
export class StapledStream<
  S extends SendStream = SendStream,
  R extends ReceiveStream = ReceiveStream,
> implements HalfCloseableStream {
  readonly sendStream: S;
  readonly receiveStream: R;

  constructor(sendStream: S, receiveStream: R) {
    this.sendStream = sendStream;
    this.receiveStream = receiveStream;
  }

  sendAll(bytes: Uint8Array): Promise<void> {
    return this.sendStream.sendAll(bytes);
  }

  waitSendAllMightNotBlock(): Promise<void> {
    return this.sendStream.waitSendAllMightNotBlock();
  }

  /**
   * The sending half's own `sendEof`, if it has one; else its `aclose`, which raises `ClosedResourceError` in a task that is
   * sending. See `HalfCloseableStream.sendEof`.
   */
  sendEof(): Promise<void> {
    const { sendStream } = this;
    if (canSendEof(sendStream)) return sendStream.sendEof();
    // Closing would close in a cancelled scope too; this is no closing, and does nothing there.
    return refusal() ?? sendStream.aclose();
  }

  receiveSome(max?: number): Promise<Uint8Array | undefined> {
    return this.receiveStream.receiveSome(max);
  }

  /** Closes both, the second one also if the first one fails. */
  aclose(): Promise<void> {
    return quietly(async () => {
      try {
        await this.sendStream.aclose();
      } finally {
        await this.receiveStream.aclose();
      }
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return dispose(this);
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    return chunksOf(this);
  }
}

function canSendEof(stream: SendStream): stream is HalfCloseableStream {
  return typeof (stream as Partial<HalfCloseableStream>).sendEof === "function";
}

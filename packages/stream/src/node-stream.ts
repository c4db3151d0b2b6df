import type { Duplex, Readable, Writable } from "node:stream";

import { dispose } from "./async-resource.ts";
import { closeNodeStream } from "./closing.ts";
import type { HalfCloseableStream, ReceiveStream, SendStream } from "./contracts.ts";
import { NodeReceiver } from "./node-receiver.ts";
import { NodeSender } from "./node-sender.ts";

/*
 * Our streams over Node's. The wrapped stream belongs to its wrapper: nobody else may read it, write to it, or listen for its
 * data. Its errors are told by the calls that meet them.
 */

/** A `Readable` as a stream of ours. */
export class NodeReceiveStream implements ReceiveStream {
  readonly #node: Readable;
  readonly #receiver: NodeReceiver;

  constructor(node: Readable) {
    this.#node = node;
    this.#receiver = new NodeReceiver(node);
  }

  receiveSome(max?: number): Promise<Uint8Array | undefined> {
    return this.#receiver.receiveSome(max);
  }

  aclose(): Promise<void> {
    this.#receiver.close();
    return closeNodeStream(this.#node, 0);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return dispose(this);
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    return { next: () => this.#receiver.next() };
  }
}

/** A `Writable` as a stream of ours. */
export class NodeSendStream implements SendStream {
  readonly #node: Writable;
  readonly #sender: NodeSender;

  constructor(node: Writable) {
    this.#node = node;
    this.#sender = new NodeSender(node);
  }

  sendAll(bytes: Uint8Array): Promise<void> {
    return this.#sender.sendAll(bytes);
  }

  waitSendAllMightNotBlock(): Promise<void> {
    return this.#sender.waitSendAllMightNotBlock();
  }

  aclose(): Promise<void> {
    const whole = this.#sender.close();
    return closeNodeStream(this.#node, whole ? Infinity : 0);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return dispose(this);
  }
}

/** A `Duplex` as a stream of ours. */
export class NodeDuplexStream implements HalfCloseableStream {
  readonly #node: Duplex;
  readonly #receiver: NodeReceiver;
  readonly #sender: NodeSender;
  readonly #closeGraceMs: number;

  /**
   * @param options - `closeGraceMs`: so many milliseconds may the goodbye take when it is closed; by default as long as it takes.
   *   `isSocket`: see {@link NodeSender}.
   */
  constructor(node: Duplex, options: { readonly closeGraceMs?: number; readonly isSocket?: boolean } = {}) {
    this.#node = node;
    this.#receiver = new NodeReceiver(node);
    this.#sender = new NodeSender(node, options);
    this.#closeGraceMs = options.closeGraceMs ?? Infinity;
  }

  sendAll(bytes: Uint8Array): Promise<void> {
    return this.#sender.sendAll(bytes);
  }

  waitSendAllMightNotBlock(): Promise<void> {
    return this.#sender.waitSendAllMightNotBlock();
  }

  sendEof(): Promise<void> {
    return this.#sender.sendEof();
  }

  receiveSome(max?: number): Promise<Uint8Array | undefined> {
    return this.#receiver.receiveSome(max);
  }

  aclose(): Promise<void> {
    this.#receiver.close();
    const whole = this.#sender.close();
    return closeNodeStream(this.#node, whole ? this.#closeGraceMs : 0);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return dispose(this);
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    return { next: () => this.#receiver.next() };
  }
}

import type {
  ReadableStream,
  ReadableStreamDefaultReader,
  WritableStream,
  WritableStreamDefaultWriter,
} from "node:stream/web";

import { BrokenResourceError, ClosedResourceError } from "@espalier/core";
import { errorMessage, parkAbroad, type Parked, pass, quietly, refusal } from "@espalier/core/lowlevel";
import { dispose } from "./async-resource.ts";
import { checkBytes, checkMax, kindOf } from "./check-bytes.ts";
import { chunksOf } from "./chunks-of.ts";
import type { ReceiveStream, SendStream } from "./contracts.ts";
import { OneAtATime } from "./one-at-a-time.ts";
import { StapledStream } from "./stapled-stream.ts";
import type { WebStreamPair } from "./to-web.ts";

/**
 * Web Streams of bytes as a stream of ours: a `ReadableStream`, a `WritableStream`, or both (`{ readable, writable }`, as a
 * `TransformStream` has them). They are locked from now on; `aclose()` cancels the one and closes the other.
 *
 * @checkpoint never
 * @throws {TypeError} it is none of them, or it is locked already.
 * @example
 * ```ts
 * import { BufferedReceiveStream, fromWebStream } from "@espalier/stream";
 *
 * async function printLines(response: Response): Promise<void> {
 *   if (response.body === null) return;
 *   await using body = fromWebStream(response.body);
 *   for await (const line of new BufferedReceiveStream(body).lines()) console.log(line);
 * }
 * ```
 */
export function fromWebStream(stream: ReadableStream<Uint8Array>): ReceiveStream;
export function fromWebStream(stream: WritableStream<Uint8Array>): SendStream;
export function fromWebStream(stream: WebStreamPair): StapledStream;
export function fromWebStream(
  stream: ReadableStream<Uint8Array> | WritableStream<Uint8Array> | Partial<WebStreamPair>,
): ReceiveStream | SendStream | StapledStream {
  const wanted = "fromWebStream needs a ReadableStream, a WritableStream, or { readable, writable }";
  const given: unknown = stream; // such as the body of a Response that has none
  if (typeof given !== "object" || given === null) throw new TypeError(`${wanted}, not ${kindOf(given)}.`);
  if ("getReader" in stream) return new WebReceiveStream(stream.getReader());
  if ("getWriter" in stream) return new WebSendStream(stream.getWriter());
  const { readable, writable } = stream;
  if (readable !== undefined && writable !== undefined) {
    if (readable.locked || writable.locked)
      throw new TypeError("fromWebStream needs both sides, and one is locked.");
    return new WebStream(new WebSendStream(writable.getWriter()), new WebReceiveStream(readable.getReader()));
  }
  throw new TypeError(`${wanted}.`);
}

/** Both halves belong to one connection: its end is this side's own doing for whoever still receives. */
class WebStream extends StapledStream<WebSendStream, WebReceiveStream> {
  override aclose(): Promise<void> {
    this.receiveStream.stop();
    return super.aclose();
  }
}

class WebReceiveStream implements ReceiveStream {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #guard = new OneAtATime("receiving");
  /** What the last read brought and was not taken whole. */
  #left: Uint8Array | undefined = undefined;
  /** A read that was begun; one whose receiver was cancelled is taken up by the next, so that no byte is lost. */
  #read: Promise<Uint8Array | undefined> | undefined = undefined;
  #waiter: Parked<Uint8Array | undefined> | undefined = undefined;
  #closed = false;

  constructor(reader: ReadableStreamDefaultReader<Uint8Array>) {
    this.#reader = reader;
  }

  receiveSome(max?: number): Promise<Uint8Array | undefined> {
    return quietly(async () => {
      checkMax(max, "receiveSome");
      const denied = refusal();
      if (denied !== undefined) return denied;
      if (this.#closed) throw closedError();
      this.#guard.enter();
      try {
        this.#left ??= await this.#next();
        const chunk = this.#left;
        if (chunk === undefined) return await pass(undefined);
        const size = Math.min(chunk.length, max ?? Infinity);
        this.#left = size < chunk.length ? chunk.subarray(size) : undefined;
        return await pass(chunk.subarray(0, size));
      } finally {
        this.#guard.leave();
      }
    });
  }

  /** Gives out nothing more, and tells whoever waits. The source is not cancelled yet: that might cut off the other half. */
  stop(): void {
    this.#closed = true;
    this.#waiter?.fail(closedError());
  }

  aclose(): Promise<void> {
    this.stop();
    void this.#reader.cancel().catch(() => undefined); // it may never answer
    return refusal() ?? pass();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return dispose(this);
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    return chunksOf(this);
  }

  async #next(): Promise<Uint8Array | undefined> {
    const waiter = parkAbroad<Uint8Array | undefined>("stream.receiveSome");
    if (!waiter.pending) return waiter.promise;
    this.#waiter = waiter;
    this.#read ??= this.#readChunk();
    this.#read.then(
      (chunk) => {
        if (waiter.resume(chunk)) this.#read = undefined;
      },
      (error: unknown) => {
        if (waiter.fail(brokenError(error))) this.#read = undefined;
      },
    );
    return waiter.promise;
  }

  /** The next chunk that is not empty. */
  async #readChunk(): Promise<Uint8Array | undefined> {
    for (;;) {
      const { done, value } = await this.#reader.read();
      if (done) return undefined;
      checkBytes(value, "A ReadableStream of bytes");
      if (value.length > 0) return value;
    }
  }
}

class WebSendStream implements SendStream {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #guard = new OneAtATime("sending");
  /** The send under way. */
  #waiter: Parked<void> | undefined = undefined;
  /** The closing that waits for the sink. One by force, in another task, cuts it short. */
  #farewell: Parked<void> | undefined = undefined;
  #broken: BrokenResourceError | undefined = undefined;
  #closed = false;

  constructor(writer: WritableStreamDefaultWriter<Uint8Array>) {
    this.#writer = writer;
    writer.closed.catch(() => undefined); // told by the calls that meet it
  }

  sendAll(bytes: Uint8Array): Promise<void> {
    return quietly(async () => {
      checkBytes(bytes, "sendAll");
      await this.#do(
        "stream.sendAll",
        () => (bytes.length > 0 ? this.#writer.write(bytes) : Promise.resolve()),
        true,
      );
    });
  }

  waitSendAllMightNotBlock(): Promise<void> {
    return quietly(async () => {
      await this.#do("stream.waitSendAllMightNotBlock", () => this.#writer.ready, false);
    });
  }

  aclose(): Promise<void> {
    return quietly(async () => {
      const denied = refusal();
      const first = !this.#closed;
      this.#closed = true;
      // A send that is cut off here, or was before, leaves half a message: nothing to say goodbye after, nor to wait behind.
      const cut = this.#waiter?.fail(closedError()) === true;
      if (denied !== undefined || cut || this.#broken !== undefined) this.#abort();
      else if (first) await this.#goodbye();
      await (denied ?? refusal() ?? pass());
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return dispose(this);
  }

  async #goodbye(): Promise<void> {
    const waiter = parkAbroad<void>("stream.aclose", () => {
      this.#abort();
    });
    if (!waiter.pending) return waiter.promise;
    this.#farewell = waiter;
    const done = (): void => void waiter.resume();
    void this.#writer.close().then(done, done);
    await waiter.promise;
  }

  #abort(): void {
    void this.#writer.abort(this.#broken).catch(() => undefined);
    this.#farewell?.resume();
  }

  async #do(label: string, action: () => Promise<unknown>, breaks: boolean): Promise<void> {
    const denied = refusal();
    if (denied !== undefined) return denied;
    if (this.#closed) throw closedError();
    if (this.#broken !== undefined) throw this.#broken;
    this.#guard.enter();
    try {
      const waiter = parkAbroad<void>(label, () => {
        if (breaks) this.#broken = brokenError(new Error("a send was cancelled half way"));
      });
      if (waiter.pending) {
        this.#waiter = waiter;
        void action().then(
          () => waiter.resume(),
          (error: unknown) => {
            this.#broken ??= brokenError(error);
            waiter.fail(this.#broken);
          },
        );
      }
      await waiter.promise;
    } finally {
      this.#waiter = undefined;
      this.#guard.leave();
    }
  }
}

function closedError(): ClosedResourceError {
  return new ClosedResourceError("This side has closed the stream.");
}

function brokenError(cause: unknown): BrokenResourceError {
  return new BrokenResourceError(`The stream broke: ${errorMessage(cause)}.`, { cause });
}

import { pass, quietly, refusal } from "@espalier/core/lowlevel";
import { dispose } from "./async-resource.ts";
import { ByteBuffer } from "./byte-buffer.ts";
import { checkCount, checkDelimiter, checkMax } from "./check-bytes.ts";
import { chunksOf } from "./chunks-of.ts";
import type { ReceiveStream } from "./contracts.ts";
import { OneAtATime } from "./one-at-a-time.ts";
import { IncompleteReadError, LimitExceededError } from "./stream-errors.ts";

/** Options of {@link BufferedReceiveStream}. */
export interface BufferedReceiveOptions {
  /** The most bytes that one read may ask for or have to look at. By default 65,536. */
  readonly maxBytes?: number;
}

const newline = new Uint8Array([0x0a]);
const carriageReturn = 0x0d;
const byteOrderMark = "\uFEFF";
const nothingToCheck = (): void => undefined;

/**
 * Reads a stream in pieces that mean something: so many bytes, up to a delimiter, line by line. It never holds more than
 * `maxBytes` and one chunk of the stream, whatever the peer sends.
 *
 * What has been read from the stream stays buffered when a call is cancelled or fails: the next call finds it.
 *
 * @example
 * ```ts
 * import { BufferedReceiveStream, openTcpStream } from "@espalier/stream";
 *
 * async function printLines(): Promise<void> {
 *   await using stream = await openTcpStream("irc.example.org", 6667);
 *   const buffered = new BufferedReceiveStream(stream, { maxBytes: 8192 });
 *   for await (const line of buffered.lines()) console.log(line);
 * }
 * ```
 */
export class BufferedReceiveStream implements ReceiveStream {
  readonly #stream: ReceiveStream;
  readonly #maxBytes: number;
  readonly #buffer = new ByteBuffer();
  readonly #guard = new OneAtATime("receiving");

  /** @throws {RangeError} `maxBytes` is not a number of 1 or more. */
  constructor(stream: ReceiveStream, options: BufferedReceiveOptions = {}) {
    const { maxBytes = 65_536 } = options;
    checkMax(maxBytes, "BufferedReceiveStream.maxBytes");
    this.#stream = stream;
    this.#maxBytes = maxBytes;
  }

  /** Some bytes: first what is buffered, then what the stream gives. See `ReceiveStream.receiveSome`. */
  receiveSome(max?: number): Promise<Uint8Array | undefined> {
    return this.#alone(
      () => {
        checkMax(max, "receiveSome");
      },
      async () => {
        if (this.#buffer.length === 0) return this.#stream.receiveSome(max);
        return pass(this.#buffer.take(Math.min(this.#buffer.length, max ?? Infinity)));
      },
    );
  }

  /**
   * Exactly `count` bytes; `undefined` if the stream has ended and nothing is left.
   *
   * @checkpoint always
   * @cancellation Nothing is lost: what has come stays buffered.
   * @throws {Cancelled} the current scope is, or becomes, cancelled.
   * @throws {IncompleteReadError} the stream ended before.
   * @throws {LimitExceededError} `count` is more than `maxBytes`.
   * @throws {RangeError} `count` is not a whole number of 0 or more.
   * @throws the errors of the stream.
   */
  receiveExactly(count: number): Promise<Uint8Array | undefined> {
    return this.#alone(
      () => {
        checkCount(count, "receiveExactly");
      },
      async () => {
        if (count > this.#maxBytes) throw this.#overLimit(`receiveExactly(${count})`);
        while (this.#buffer.length < count) {
          if (await this.#more()) continue;
          return this.#endInTheMiddle(`${count} bytes were asked for`);
        }
        return pass(this.#buffer.take(count));
      },
    );
  }

  /**
   * The bytes up to the delimiter, which is taken too and not given; `undefined` if the stream has ended and nothing is left.
   *
   * @checkpoint always
   * @cancellation Nothing is lost: what has come stays buffered.
   * @param delimiter - Bytes, or a string that is taken as UTF-8; not empty.
   * @throws {Cancelled} the current scope is, or becomes, cancelled.
   * @throws {LimitExceededError} no delimiter in the first `maxBytes` bytes.
   * @throws {IncompleteReadError} the stream ended before a delimiter.
   * @throws {RangeError} the delimiter is empty.
   * @throws {TypeError} the delimiter is neither bytes nor a string.
   * @throws the errors of the stream.
   */
  receiveUntil(delimiter: Uint8Array | string): Promise<Uint8Array | undefined> {
    const pattern = typeof delimiter === "string" ? new TextEncoder().encode(delimiter) : delimiter;
    return this.#alone(
      () => {
        checkDelimiter(pattern);
      },
      async () => (await this.#until(pattern)) ?? this.#endInTheMiddle("no delimiter came"),
    );
  }

  /**
   * The lines, as strings (UTF-8), without their `\n` or `\r\n`, which do not count for the limit; the last one also if it is
   * not terminated. Leaving the loop early does not close the stream.
   *
   * @checkpoint always, each step and the last one
   * @throws what `receiveUntil` does, except `IncompleteReadError`.
   */
  lines(): AsyncIterableIterator<string, undefined> {
    // A byte order mark belongs to the stream, not to each line: a decoder left to itself would drop it from every one.
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    let first = true;
    const iterator: AsyncIterableIterator<string, undefined> = {
      [Symbol.asyncIterator]: () => iterator,
      next: () =>
        this.#alone(nothingToCheck, async () => {
          const line = (await this.#until(newline, carriageReturn)) ?? this.#rest();
          if (line === undefined) return { done: true, value: undefined };
          const text = decoder.decode(line);
          const value = first && text.startsWith(byteOrderMark) ? text.slice(1) : text;
          first = false;
          return { done: false, value };
        }),
    };
    return iterator;
  }

  /** Closes the stream; what is buffered is dropped. See `AsyncResource.aclose`. */
  aclose(): Promise<void> {
    return quietly(async () => {
      this.#buffer.drop(this.#buffer.length);
      await this.#stream.aclose();
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return dispose(this);
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    return chunksOf(this);
  }

  /** One reader at a time, and a checkpoint before anything is taken. */
  #alone<T>(check: () => void, read: () => Promise<T>): Promise<T> {
    return quietly(async () => {
      check();
      const denied = refusal();
      if (denied !== undefined) return denied;
      this.#guard.enter();
      try {
        return await read();
      } finally {
        this.#guard.leave();
      }
    });
  }

  /** Reads on; false at the end of the stream. */
  async #more(): Promise<boolean> {
    const chunk = await this.#stream.receiveSome();
    if (chunk === undefined) return false;
    this.#buffer.append(chunk);
    return true;
  }

  /**
   * What comes before the pattern, taking both; `undefined` if the stream ends without one.
   *
   * @param uncounted - A byte that is part of the delimiter if it comes right before the pattern.
   */
  async #until(pattern: Uint8Array, uncounted?: number): Promise<Uint8Array | undefined> {
    let searched = 0;
    for (;;) {
      const at = this.#buffer.indexOf(pattern, searched);
      const end = at === -1 ? this.#buffer.length - pattern.length + 1 : at; // the rest may be the beginning of the pattern
      const spare = uncounted !== undefined && this.#buffer.at(end - 1) === uncounted ? 1 : 0;
      if (end - spare > this.#maxBytes) throw this.#overLimit("no delimiter");
      if (at !== -1) {
        const before = this.#buffer.take(at - spare);
        this.#buffer.drop(spare + pattern.length);
        return pass(before);
      }
      searched = Math.max(0, end); // it may have begun at the end of what is here
      if (!(await this.#more())) return undefined;
    }
  }

  #rest(): Uint8Array | undefined {
    return this.#buffer.length === 0 ? undefined : this.#buffer.take(this.#buffer.length);
  }

  #endInTheMiddle(what: string): undefined {
    const { length } = this.#buffer;
    if (length === 0) return undefined;
    throw new IncompleteReadError(
      `The stream ended after ${length} bytes, in the middle: ${what}.`,
      this.#buffer.take(length),
    );
  }

  #overLimit(what: string): LimitExceededError {
    return new LimitExceededError(
      `${what}: more than the limit of ${this.#maxBytes} bytes (option maxBytes).`,
      this.#maxBytes,
    );
  }
}

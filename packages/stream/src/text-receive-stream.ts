import { quietly } from "@espalier/core/lowlevel";
import { dispose, type AsyncResource } from "./async-resource.ts";
import type { ReceiveStream } from "./contracts.ts";

/** Options of {@link TextReceiveStream}. */
export interface TextReceiveOptions {
  /** A label of the Encoding Standard. By default `"utf-8"`. */
  readonly encoding?: string;
  /** Whether bytes that are no text are an error (`TypeError`) instead of U+FFFD. By default false. */
  readonly fatal?: boolean;
}

/** Reads a stream as text. A character whose bytes come in two chunks is put together. */
export class TextReceiveStream implements AsyncResource, AsyncIterable<string> {
  readonly #stream: ReceiveStream;
  readonly #decoder: InstanceType<typeof TextDecoder>;
  #ended = false;

  /** @throws {RangeError} there is no such encoding. */
  constructor(stream: ReceiveStream, options: TextReceiveOptions = {}) {
    this.#stream = stream;
    this.#decoder = new TextDecoder(options.encoding ?? "utf-8", { fatal: options.fatal ?? false });
  }

  /**
   * Some text, as soon as there is any: at least one character. `undefined` at the end, each time.
   *
   * @checkpoint always
   * @cancellation Nothing is lost.
   * @throws {Cancelled} the current scope is, or becomes, cancelled.
   * @throws {TypeError} the bytes are no text, with `fatal`.
   * @throws the errors of the stream.
   */
  receiveSome(): Promise<string | undefined> {
    return quietly(async () => {
      for (;;) {
        const chunk = await this.#stream.receiveSome();
        if (chunk === undefined && this.#ended) return undefined;
        this.#ended = chunk === undefined;
        const text =
          chunk === undefined ? this.#decoder.decode() : this.#decoder.decode(chunk, { stream: true });
        if (text !== "") return text;
        if (chunk === undefined) return undefined;
      }
    });
  }

  /** Closes the stream. See `AsyncResource.aclose`. */
  aclose(): Promise<void> {
    return this.#stream.aclose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return dispose(this);
  }

  [Symbol.asyncIterator](): AsyncIterator<string, undefined> {
    return {
      next: () =>
        quietly(async () => {
          const text = await this.receiveSome();
          return text === undefined ? { done: true, value: undefined } : { done: false, value: text };
        }),
    };
  }
}

import { park, type Parked, pass, refusal } from "@espalier/core/lowlevel";
import type { ReceiveStream } from "@espalier/stream";

/** Gives chunk by chunk what it is told to, then the end; `wait` is a chunk that never comes. */
export class ScriptedStream implements ReceiveStream {
  readonly #chunks: (string | Uint8Array | Error | typeof wait)[];
  closed = false;
  #waiter: Parked<Uint8Array | undefined> | undefined = undefined;

  constructor(chunks: (string | Uint8Array | Error | typeof wait)[]) {
    this.#chunks = [...chunks];
  }

  /** Adds to the script; whoever waits goes on. */
  add(chunk: string): void {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    if (waiter?.resume(new TextEncoder().encode(chunk)) !== true) this.#chunks.push(chunk);
  }

  receiveSome(): Promise<Uint8Array | undefined> {
    const denied = refusal();
    if (denied !== undefined) return denied;
    const next = this.#chunks.shift();
    if (next === undefined) return pass<Uint8Array | undefined>(undefined);
    if (next === wait) {
      this.#waiter = park<Uint8Array | undefined>("scripted receive");
      return this.#waiter.promise;
    }
    if (next instanceof Error) return Promise.reject(next);
    return pass(typeof next === "string" ? new TextEncoder().encode(next) : next);
  }

  async aclose(): Promise<void> {
    this.closed = true;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.aclose();
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    return {
      next: async () => {
        const value = await this.receiveSome();
        return value === undefined ? { done: true, value } : { done: false, value };
      },
    };
  }
}

/** See {@link ScriptedStream}. */
export const wait: unique symbol = Symbol("wait");

import { setTimeout } from "node:timers/promises";
import { silence } from "../watch.ts";

/** A message as it may come from a network: with a number, and 100 kB long. */
export interface Message {
  readonly number: number;
  readonly content: Uint8Array;
}

/** Where messages come from, one every millisecond or so. */
export class Source implements Disposable {
  #closed = false;
  #number = 0;

  async next(): Promise<Message> {
    await setTimeout(1);
    if (this.#closed) return silence();
    this.#number++;
    return { number: this.#number, content: new Uint8Array(100_000).fill(this.#number) };
  }

  [Symbol.dispose](): void {
    this.#closed = true;
  }
}

import { type Token, Wait } from "./token.ts";
import { turn } from "./turn.ts";

interface Sender<T> {
  readonly item: T;
  readonly wait: Wait<void>;
}

/** First come, first served; a wait that is cancelled takes no item and leaves none behind. */
export class Channel<T> {
  readonly #capacity: number;
  readonly #buffer = new Queue<T>();
  readonly #receivers = new Queue<Wait<T | undefined>>();
  readonly #senders = new Queue<Sender<T>>();
  #closed = false;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  async send(token: Token, item: T): Promise<void> {
    token.check();
    const receiver = this.#nextReceiver();
    if (receiver !== undefined) receiver.resume(item);
    else if (this.#buffer.length < this.#capacity) this.#buffer.push(item);
    else {
      const wait = new Wait<void>(token);
      this.#senders.push({ item, wait });
      return wait.promise;
    }
    await turn();
  }

  /** `undefined` is the end. */
  async receive(token: Token): Promise<T | undefined> {
    token.check();
    const sender = this.#nextSender();
    sender?.wait.resume();
    let item: T | undefined;
    if (this.#buffer.length > 0) {
      item = this.#buffer.shift();
      if (sender !== undefined) this.#buffer.push(sender.item);
    } else if (sender !== undefined) item = sender.item;
    else if (!this.#closed) {
      const wait = new Wait<T | undefined>(token);
      this.#receivers.push(wait);
      return wait.promise;
    }
    await turn();
    return item;
  }

  close(): void {
    this.#closed = true;
    for (let wait = this.#nextReceiver(); wait !== undefined; wait = this.#nextReceiver())
      wait.resume(undefined);
  }

  /** Those that were cancelled are still in line; they are left out here. */
  #nextReceiver(): Wait<T | undefined> | undefined {
    let wait = this.#receivers.shift();
    while (wait?.pending === false) wait = this.#receivers.shift();
    return wait;
  }

  #nextSender(): Sender<T> | undefined {
    let sender = this.#senders.shift();
    while (sender?.wait.pending === false) sender = this.#senders.shift();
    return sender;
  }
}

/** An array with a moving head. */
class Queue<T> {
  #items: T[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    if (this.#head === this.#items.length) return undefined;
    const item = this.#items[this.#head];
    this.#head++;
    if (this.#head === this.#items.length || this.#head === 1_024) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}

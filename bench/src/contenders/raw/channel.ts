/** A channel as it is written for the day: two queues of resolvers and a buffer. Nothing can be cancelled. */
export class Channel<T> {
  readonly #capacity: number;
  readonly #buffer: T[] = [];
  readonly #receivers: ((item: T | undefined) => void)[] = [];
  readonly #senders: { readonly item: T; readonly sent: () => void }[] = [];
  #closed = false;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  async send(item: T): Promise<void> {
    const receiver = this.#receivers.shift();
    if (receiver !== undefined) receiver(item);
    else if (this.#buffer.length < this.#capacity) this.#buffer.push(item);
    else await new Promise<void>((sent) => this.#senders.push({ item, sent }));
  }

  /** `undefined` is the end. */
  async receive(): Promise<T | undefined> {
    const sender = this.#senders.shift();
    sender?.sent();
    if (this.#buffer.length === 0) {
      if (sender !== undefined) return sender.item;
      if (this.#closed) return undefined;
      return new Promise((resolve) => this.#receivers.push(resolve));
    }
    if (sender !== undefined) this.#buffer.push(sender.item);
    return this.#buffer.shift();
  }

  close(): void {
    this.#closed = true;
    for (const receiver of this.#receivers.splice(0)) receiver(undefined);
  }
}

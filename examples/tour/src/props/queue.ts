/** The queue between promises that everybody has written once. With a size, `put` waits while it is full. */
export class Queue<T> {
  readonly #size: number;
  readonly #items: T[] = [];
  readonly #takers: ((item: T) => void)[] = [];
  readonly #putters: (() => void)[] = [];

  constructor(size = Infinity) {
    this.#size = size;
  }

  get length(): number {
    return this.#items.length;
  }

  /** How many wait in `put`. */
  get waiting(): number {
    return this.#putters.length;
  }

  async put(item: T): Promise<void> {
    const taker = this.#takers.shift();
    if (taker !== undefined) {
      taker(item);
      return;
    }
    while (this.#items.length >= this.#size) {
      await new Promise<void>((resolve) => this.#putters.push(resolve));
    }
    this.#items.push(item);
  }

  async get(): Promise<T> {
    if (this.#items.length === 0) return new Promise((resolve) => this.#takers.push(resolve));
    const item = this.#items.shift() as T;
    this.#putters.shift()?.();
    return item;
  }
}

/** Larger rings are given back when they run empty: a burst into an unlimited buffer must not hold its memory for ever. */
const keptSlots = 1024;

/** A first-in, first-out buffer that grows as needed: the slots form a ring, whose size is a power of two. */
export class RingBuffer<T> {
  #slots: (T | undefined)[] = [];
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(item: T): void {
    if (this.#length === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.#length) & (this.#slots.length - 1)] = item;
    this.#length++;
  }

  /** Takes the oldest item. Call only if `length` is not 0. */
  shift(): T {
    const item = this.#slots[this.#head] as T;
    this.#slots[this.#head] = undefined; // so that the item can be collected
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.#length--;
    if (this.#length === 0 && this.#slots.length > keptSlots) this.clear();
    return item;
  }

  clear(): void {
    this.#slots = [];
    this.#head = 0;
    this.#length = 0;
  }

  #grow(): void {
    const old = this.#slots;
    const slots = new Array<T | undefined>(Math.max(4, old.length * 2)).fill(undefined);
    for (let i = 0; i < this.#length; i++) slots[i] = old[(this.#head + i) & (old.length - 1)];
    this.#slots = slots;
    this.#head = 0;
  }
}

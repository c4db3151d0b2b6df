import { createQueue, type Operation, type Queue } from "effection";

/**
 * Effection's queues have no bound, so that a sender that has to wait is given credit: one more send for each item that
 * was taken. Nobody else uses the library's queues like this; it is the shortest that holds a sender back.
 */
export class Channel<T> {
  readonly #items: Queue<T, void> = createQueue();
  readonly #credit: Queue<true, never> = createQueue();
  readonly #direct: boolean;

  constructor(capacity: number) {
    this.#direct = capacity === 0;
    for (let i = 0; i < capacity; i++) this.#credit.add(true);
  }

  /** Without a buffer it waits for the receiver, after the item was added; else for room, before. */
  *send(item: T): Operation<void> {
    if (this.#direct) {
      this.#items.add(item);
      yield* this.#credit.next();
    } else {
      yield* this.#credit.next();
      this.#items.add(item);
    }
  }

  *receive(): Operation<IteratorResult<T, void>> {
    const next = yield* this.#items.next();
    if (next.done !== true) this.#credit.add(true);
    return next;
  }

  /** Each close ends one receiver. */
  close(): void {
    this.#items.close();
  }
}

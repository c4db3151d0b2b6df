import { ClosedResourceError } from "@espalier/core";
import { ParkingLot, pass, refusal } from "@espalier/core/lowlevel";

/**
 * The results of `mapConcurrent` on their way into its block. Each result has a place, 0, 1, 2, ...; they are given out in
 * that order, each to one consumer. What has come before its turn waits here.
 *
 * Invariant: consumers wait only while the next result has not come, and more are to come.
 */
export class Results<R> implements AsyncIterable<R> {
  readonly #ready = new Map<number, R>();
  readonly #consumers = new ParkingLot<IteratorResult<R, undefined>>();
  readonly #onTaken: () => void;
  #next = 0;
  /** Known when the source has ended. */
  #total = Infinity;
  #closed = false;

  constructor(onTaken: () => void) {
    this.#onTaken = onTaken;
  }

  /**
   * `for await` takes the results, and ends after the last one. Breaking out of the loop ends nothing: another loop goes on
   * where it stopped. What is never taken is dropped when the block ends.
   *
   * @checkpoint always, each step and the last one
   */
  [Symbol.asyncIterator](): AsyncIterator<R, undefined> {
    return { next: () => this.#take() };
  }

  put(value: R, place: number): void {
    this.#ready.set(place, value);
    while (this.#ready.has(this.#next)) {
      const consumer = this.#consumers.take();
      if (consumer === undefined) return;
      if (consumer.operation.resume(this.#peek())) this.#taken(consumer.operation.promise);
    }
    this.#endIfAllTaken();
  }

  /** No more than so many results will have come. */
  end(total: number): void {
    this.#total = total;
    this.#endIfAllTaken();
  }

  /** Nothing is given out any more: the block has been left, or what fills it has failed. */
  close(): void {
    this.#closed = true;
    this.#ready.clear();
    this.#consumers.failAll(closedError);
  }

  #take(): Promise<IteratorResult<R, undefined>> {
    const denied = refusal();
    if (denied !== undefined) return denied;
    if (this.#closed) return Promise.reject(closedError());
    if (this.#ready.has(this.#next)) {
      const step = pass(this.#peek());
      this.#taken(step);
      return step;
    }
    if (this.#next === this.#total) return pass(noMore);
    return this.#consumers.park("mapConcurrent.results", undefined);
  }

  #peek(): IteratorResult<R, undefined> {
    return { done: false, value: this.#ready.get(this.#next) as R };
  }

  /** Makes room once the consumer goes on: it sees its result before the source is pulled again. */
  #taken(delivery: Promise<unknown>): void {
    this.#ready.delete(this.#next++);
    void delivery.then(this.#onTaken);
  }

  #endIfAllTaken(): void {
    if (this.#next === this.#total) this.#consumers.unparkAll(noMore);
  }
}

const noMore: IteratorResult<never, undefined> = { done: true, value: undefined };

function closedError(): ClosedResourceError {
  return new ClosedResourceError(
    "These results of mapConcurrent are closed: its block has been left, or its work has failed. Take them inside the block.",
  );
}

import { abandonOnCancel } from "@espalier/cancel-scope";
import { isCancelled } from "@espalier/core";
import {
  type CancelStatus,
  currentStatus,
  isThenable,
  type Parked,
  parkAbroad,
  runIn,
} from "@espalier/core/lowlevel";
import { combinedError } from "./combined-error.ts";

/*
 * What mapConcurrent pulls from: an iterator, asked for one item at a time and closed once.
 *
 *     event \ state   idle               pulling                       finished
 *     next()          -> pulling         (nobody calls it)             (nobody calls it)
 *     an item comes   -                  -> idle                       is dropped
 *     end, error      -                  -> finished                   an error comes out of close()
 *     Cancelled       -                  -> idle: nothing happened     is dropped
 *     close()         calls return()     calls return(), waits for it  nothing
 *                     -> finished        -> finished
 *
 * A pull that is cancelled is left to itself only when the iterator has said, by its `return()`, that it is done. An async
 * generator answers when its own code has been unwound, an event source ends the pull. An iterator without `return` cannot
 * say so, and the pull itself is waited for: nothing is left running.
 */

/** What the items of `mapConcurrent` can come from. */
export type ItemSource<T> = AsyncIterable<T> | Iterable<T | PromiseLike<T>>;

/** An iterator under way. */
export interface Source<T> {
  /**
   * The next item, or the end. Whoever calls it passes a checkpoint first.
   *
   * @cancellation What was asked for is left to `close()`.
   */
  next(): Promise<IteratorResult<T, unknown>>;
  /**
   * Closes the iterator, unless it has ended by itself, and waits until it is done. `return()` is called in the scope in
   * which the source was opened, which need not be cancelled when the pulling is.
   *
   * @throws whatever comes out of `return()`, or out of a pull that was cancelled.
   */
  close(): Promise<void>;
}

/**
 * Asks an iterable for its iterator.
 *
 * @throws whatever the iterable raises.
 */
export function openSource<T>(iterable: ItemSource<T>): Source<T> {
  if (isAsyncIterable(iterable)) return new AsyncSource(iterable[Symbol.asyncIterator]());
  return new SyncSource(iterable[Symbol.iterator]());
}

/** @throws {TypeError} it is not iterable. */
export function checkIterable(value: unknown, caller: string): void {
  if (value !== null && value !== undefined) {
    const { [Symbol.iterator]: sync, [Symbol.asyncIterator]: async } = value as Partial<
      Iterable<unknown> & AsyncIterable<unknown>
    >;
    if (typeof sync === "function" || typeof async === "function") return;
  }
  const wanted = `${caller} needs an iterable or an async iterable`;
  if (isThenable(value)) throw new TypeError(`${wanted}, not a promise; await it first.`);
  if (typeof value === "function")
    throw new TypeError(`${wanted}, not a function; call it first, if it is a generator.`);
  throw new TypeError(`${wanted}, not ${value === null ? "null" : typeof value}.`);
}

class AsyncSource<T> implements Source<T> {
  readonly #iterator: AsyncIterator<T, unknown>;
  readonly #home: CancelStatus = currentStatus();
  #finished = false;
  /** The last pull, and what is made of its end; never rejects. */
  #pull: Promise<void> = Promise.resolve();
  /** From pulls that nobody waited for any more. */
  readonly #lateErrors: unknown[] = [];

  constructor(iterator: AsyncIterator<T, unknown>) {
    this.#iterator = iterator;
  }

  next(): Promise<IteratorResult<T, unknown>> {
    // Abroad: what the iterator itself waits for, if it is ours, is parked beside it.
    const wait = parkAbroad<IteratorResult<T, unknown>>("mapConcurrent.source");
    if (wait.pending) this.#pull = this.#ask(wait);
    return wait.promise;
  }

  async close(): Promise<void> {
    const errors = this.#lateErrors;
    if (!this.#finished) {
      this.#finished = true;
      try {
        if ((this.#iterator.return ?? undefined) === undefined) await this.#pull;
        else await callReturn(this.#iterator, this.#home);
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw combinedError("closing the source of mapConcurrent", errors);
  }

  async #ask(wait: Parked<IteratorResult<T, unknown>>): Promise<void> {
    try {
      const step = await this.#iterator.next();
      checkStep(step);
      if (step.done === true) this.#finished = true;
      wait.resume(step);
    } catch (error) {
      const cancelled = isCancelled(error);
      if (!cancelled) this.#finished = true;
      if (!wait.fail(error) && !cancelled) this.#lateErrors.push(error);
    }
  }
}

class SyncSource<T> implements Source<T> {
  readonly #iterator: Iterator<T | PromiseLike<T>, unknown>;
  readonly #home: CancelStatus = currentStatus();
  #finished = false;

  constructor(iterator: Iterator<T | PromiseLike<T>, unknown>) {
    this.#iterator = iterator;
  }

  async next(): Promise<IteratorResult<T, unknown>> {
    const step = this.#ask();
    if (step.done === true || !isThenable(step.value)) return step as IteratorResult<T, unknown>;
    // An item that is a promise was begun by somebody else, and goes on without us.
    return { done: false, value: await abandonOnCancel(step.value) };
  }

  async close(): Promise<void> {
    if (this.#finished) return;
    this.#finished = true;
    await callReturn(this.#iterator, this.#home);
  }

  #ask(): IteratorResult<T | PromiseLike<T>, unknown> {
    try {
      const step = this.#iterator.next();
      checkStep(step);
      if (step.done === true) this.#finished = true;
      return step;
    } catch (error) {
      this.#finished = true;
      throw error;
    }
  }
}

/** Without a `return` there is nothing to close. */
async function callReturn(iterator: { return?(): unknown }, home: CancelStatus): Promise<void> {
  await runIn(home, () => iterator.return?.());
}

function checkStep(step: unknown): void {
  if (typeof step === "object" && step !== null) return;
  throw new TypeError(
    `The iterator given to mapConcurrent is broken: next() gave ${String(step)}, not { done, value }.`,
  );
}

function isAsyncIterable<T>(iterable: ItemSource<T>): iterable is AsyncIterable<T> {
  return typeof (iterable as Partial<AsyncIterable<T>>)[Symbol.asyncIterator] === "function";
}

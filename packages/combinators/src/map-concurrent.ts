import { checkBody, type Outcome, refusal, unwrapOutcome } from "@espalier/core/lowlevel";
import { combinedError } from "./combined-error.ts";
import { type Ensemble, runTogether } from "./ensemble.ts";
import { Results } from "./results.ts";
import { Slots } from "./slots.ts";
import { checkIterable, type ItemSource, openSource, type Source } from "./source.ts";

/** Options of {@link mapConcurrent}. */
export interface MapConcurrentOptions {
  /** How many items may be under way at once: 1, 2, ... or `Infinity`. */
  readonly limit: number;
  /** Whether results come in the order of the items (the default), or as they are ready. */
  readonly ordered?: boolean;
}

/** What is called for each item, with its number from 0. */
export type MapFunction<T, R> = (item: T, index: number) => Promise<R> | R;

/**
 * Calls `fn` for each item of an iterable, sync or async, for at most `limit` of them at once, and gives the results as an
 * array. The iterable is pulled only as far as calls can start, so it may be lazy, slow, or longer than memory. When a call
 * fails, or the iterable does, the rest is cancelled and waited for, and the iterator closed; the errors come out as in
 * {@link all}.
 *
 * With a block as the fourth argument the results are streamed into it, each to whoever takes it first; the value of the
 * block is the result. An item is then under way until its result has been taken, so a slow block holds the calls, and the
 * iterable, back. When the block ends, what still runs is cancelled and waited for: leaving early is how to stop.
 *
 * The iterator's `return()` is called, once, and waited for, if it has not ended by itself. Cancellation reaches what the
 * iterable waits for if it is ours; if it is something foreign (an idle socket), give that a signal: `currentSignal()`.
 *
 * @checkpoint always
 * @cancellation Calls, block and iterable are cancelled and waited for. In a cancelled scope nothing is pulled and `fn` is
 *   not called.
 * @param options.limit - How many items may be under way at once: 1, 2, ... or `Infinity`.
 * @throws {Cancelled} the surrounding scope is, or becomes, cancelled, and nothing failed.
 * @throws {TypeError} not an iterable, not a function, or an option of the wrong type.
 * @throws {RangeError} `limit` is out of range.
 * @throws what a call, the iterable or the block raised; a `NurseryError` if several did.
 * @example
 * ```ts
 * import { mapConcurrent } from "@espalier/combinators";
 * import { sleep } from "@espalier/core";
 *
 * const lengths = await mapConcurrent(["no", "orphans"], { limit: 4 }, async (word) => {
 *   await sleep(1);
 *   return word.length;
 * });
 * console.log(lengths); // [ 2, 7 ]
 *
 * function* naturals() {
 *   for (let n = 1; ; n++) yield n;
 * }
 * const firstLarge = await mapConcurrent(
 *   naturals(),
 *   { limit: 2 },
 *   async (n) => n * n,
 *   async (squares) => {
 *     for await (const square of squares) if (square > 50) return square;
 *     return undefined;
 *   },
 * );
 * console.log(firstLarge); // 64
 * ```
 */
export async function mapConcurrent<T, R>(
  iterable: ItemSource<T>,
  options: MapConcurrentOptions,
  fn: MapFunction<T, R>,
): Promise<R[]>;
export async function mapConcurrent<T, R, V>(
  iterable: ItemSource<T>,
  options: MapConcurrentOptions,
  fn: MapFunction<T, R>,
  block: (results: AsyncIterable<R>) => Promise<V> | V,
): Promise<V>;
export async function mapConcurrent<T, R, V>(
  iterable: ItemSource<T>,
  options: MapConcurrentOptions,
  fn: MapFunction<T, R>,
  block?: (results: AsyncIterable<R>) => Promise<V> | V,
): Promise<R[] | V> {
  checkOptions(options);
  checkIterable(iterable, "mapConcurrent");
  checkBody(fn, "mapConcurrent");
  if (block !== undefined) checkBody(block, "mapConcurrent, for its results,");
  const denied = refusal();
  if (denied !== undefined) return denied;
  const mapping = new Mapping(openSource(iterable), options, fn);
  return block === undefined ? mapping.collect() : mapping.stream(block);
}

/** Where the results go. */
interface Sink<R> {
  put(value: R, place: number): void;
  end(total: number): void;
  close(): void;
}

/** One call of `mapConcurrent`: it pulls in the task of the caller, and starts a task for each item. */
class Mapping<T, R> {
  readonly #source: Source<T>;
  readonly #slots: Slots;
  readonly #ordered: boolean;
  readonly #fn: MapFunction<T, R>;
  readonly #errors: unknown[] = [];
  #succeeded = 0;

  constructor(source: Source<T>, options: MapConcurrentOptions, fn: MapFunction<T, R>) {
    this.#source = source;
    this.#slots = new Slots(options.limit);
    this.#ordered = options.ordered ?? true;
    this.#fn = fn;
  }

  async collect(): Promise<R[]> {
    const values: R[] = [];
    const sink: Sink<R> = {
      put: (value, place) => {
        values[place] = value;
        this.#slots.release();
      },
      end: ignore,
      close: ignore,
    };
    const exit = await runTogether("mapConcurrent", (ensemble) => this.#pullInto(sink, ensemble));
    if (this.#errors.length > 0) throw combinedError("mapConcurrent", this.#errors);
    unwrapOutcome(exit);
    return values;
  }

  async stream<V>(block: (results: AsyncIterable<R>) => Promise<V> | V): Promise<V> {
    const results = new Results<R>(() => {
      this.#slots.release();
    });
    const ends: Outcome<V>[] = []; // of the block: none or one
    const exit = await runTogether("mapConcurrent", (ensemble) => {
      ensemble.start(
        block.name || "results",
        () => block(results),
        (outcome) => {
          if (outcome.kind === "error") this.#errors.push(outcome.error);
          else ends.push(outcome);
          results.close();
          ensemble.cancelAll("the block of mapConcurrent has ended");
        },
      );
      return this.#pullInto(results, ensemble);
    });
    if (this.#errors.length > 0) throw combinedError("mapConcurrent", this.#errors);
    return unwrapOutcome(ends[0] ?? (exit as Outcome<never>));
  }

  #pullInto(sink: Sink<R>, ensemble: Ensemble): Promise<void> {
    return ensemble.here(
      () => this.#pullAll(sink, ensemble),
      (outcome) => {
        if (outcome.kind === "value") sink.end(outcome.value);
        else this.#fail(outcome.error, sink, ensemble);
      },
    );
  }

  /** Gives the number of items. */
  async #pullAll(sink: Sink<R>, ensemble: Ensemble): Promise<number> {
    try {
      for (let index = 0; ; index++) {
        await this.#slots.waitFree();
        const step = await this.#source.next();
        if (step.done === true) return index;
        this.#slots.occupy();
        this.#start(step.value, index, sink, ensemble);
      }
    } finally {
      await this.#source.close();
    }
  }

  #start(item: T, index: number, sink: Sink<R>, ensemble: Ensemble): void {
    const fn = this.#fn;
    ensemble.start(
      `${fn.name || "mapConcurrent"}[${index}]`,
      () => fn(item, index),
      (outcome) => {
        if (outcome.kind === "error") this.#fail(outcome.error, sink, ensemble);
        else sink.put(outcome.value, this.#ordered ? index : this.#succeeded++);
      },
    );
  }

  #fail(error: unknown, sink: Sink<R>, ensemble: Ensemble): void {
    this.#errors.push(error);
    ensemble.cancelAll(error);
    sink.close();
  }
}

function ignore(): void {
  // an array needs no telling
}

function checkOptions(options: unknown): void {
  if (typeof options !== "object" || options === null)
    throw new TypeError("mapConcurrent needs { limit } as its second argument: how many may run at once.");
  const { limit, ordered } = options as { limit?: unknown; ordered?: unknown };
  if (typeof limit !== "number")
    throw new TypeError(`mapConcurrent.limit needs a number, not ${typeof limit}; Infinity is no limit.`);
  if (!(limit === Infinity || (Number.isInteger(limit) && limit >= 1)))
    throw new RangeError(`mapConcurrent.limit needs 1, 2, 3, ... or Infinity, not ${limit}.`);
  if (ordered !== undefined && typeof ordered !== "boolean")
    throw new TypeError(`mapConcurrent.ordered needs true or false, not ${typeof ordered}.`);
}

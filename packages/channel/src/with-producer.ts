import { BrokenResourceError } from "@espalier/core";
import {
  CancelStatus,
  checkBody,
  checkOptions,
  currentStatus,
  type Parked,
  parkShielded,
  runIn,
  shieldedCheckpoint,
  Task,
  type TaskState,
  unwind,
} from "@espalier/core/lowlevel";
import { ProducerReceiveChannel, ProducerSendChannel } from "./producer-channel.ts";
import { ProducerState } from "./producer-state.ts";

/** Options of {@link withProducer}. */
export interface WithProducerOptions {
  /** For the task tree and for messages; by default `"withProducer"`. The producer's task is named after its function. */
  readonly name?: string;
}

/**
 * Runs `consumer` with a channel of what `producer` makes: the safe form of an async generator. The producer is a task of its
 * own, so it may open scopes and nurseries around its `send`, as a generator cannot around its `yield`; it ends, cancelled if
 * need be, before the block is left, so its cleanup is never late, and never forgotten. It begins when the consumer first asks
 * and goes on when the consumer asks again: one item at a time, nothing ahead.
 *
 * The producer is an async generator, or a function that is given a channel to send into. The consumer reads with `for await`
 * or `receive()`; leaving the loop early is harmless.
 *
 * Gives the consumer's value. When the producer fails, the consumer is cancelled and the producer's error comes out, as itself;
 * when both fail, both come out in an `AggregateError`, the consumer's first.
 *
 * @checkpoint on exit it waits for the producer and gives others a turn, but it is never itself the source of a `Cancelled`
 * @cancellation Of the scopes around it: raised by the checkpoints inside, in the producer as well, and passed on; as in a
 *   nursery, also when it has ended only the producer.
 * @throws {TypeError} one of the two is not a function, or the name is not a string.
 * @throws whatever the two raise.
 * @example
 * ```ts
 * import { withProducer } from "@espalier/channel";
 *
 * async function* countUp() {
 *   try {
 *     for (let i = 1; ; i++) yield i;
 *   } finally {
 *     console.log("closed"); // before withProducer returns
 *   }
 * }
 *
 * const sum = await withProducer(countUp, async (numbers) => {
 *   let total = 0;
 *   for await (const n of numbers) {
 *     total += n;
 *     if (n === 3) break;
 *   }
 *   return total;
 * });
 * console.log(sum); // 6
 * ```
 */
export async function withProducer<T, R>(
  producer: (send: ProducerSendChannel<T>) => AsyncIterable<T> | Promise<unknown>,
  consumer: (receive: ProducerReceiveChannel<T>) => Promise<R> | R,
  options: WithProducerOptions = {},
): Promise<R> {
  checkBody(producer, "withProducer");
  checkBody(consumer, "withProducer");
  checkOptions(options, "withProducer");
  return new ProducerBlock<T>(options.name ?? "withProducer", producer.name || "producer").run(
    producer,
    consumer,
  );
}

/** The block: a nursery of one task, and the channel between it and the body. */
class ProducerBlock<T> {
  readonly #channel = new ProducerState();
  readonly #status: CancelStatus;
  readonly #task: ProducerTask;
  /** The consumer's first. A list, because `undefined` can be thrown too. */
  readonly #consumerErrors: unknown[] = [];
  readonly #producerErrors: unknown[] = [];
  /** The cancellation of a scope around, on its way through the consumer, the producer, or both. */
  readonly #passing: unknown[] = [];
  #exit: Parked<void> | undefined = undefined;

  constructor(name: string, producerName: string) {
    const around = currentStatus();
    this.#status = new CancelStatus("nursery", name, around.runtime, false).bind(around);
    this.#task = new ProducerTask(producerName, this.#status, (state) => {
      this.#producerEnded(state);
    });
    this.#channel.onAbandoned = () => {
      this.#cancelProducer();
    };
  }

  async run<R>(
    producer: (send: ProducerSendChannel<T>) => unknown,
    consumer: (receive: ProducerReceiveChannel<T>) => Promise<R> | R,
  ): Promise<R> {
    const receive = new ProducerReceiveChannel<T>(this.#channel);
    this.#task.startSoon(() => this.#produce(producer));
    let value: R | undefined;
    try {
      value = await runIn(this.#status, () => consumer(receive));
    } catch (error) {
      this.#consumerEnded(error);
    }
    receive.close();
    this.#cancelProducer();
    await this.#waitForProducer();
    this.#status.close();
    const errors = [...this.#consumerErrors, ...this.#producerErrors];
    if (errors.length > 0) throw errors.length === 1 ? errors[0] : this.#group(errors);
    if (this.#passing.length > 0) throw this.#passing[0];
    return value as R;
  }

  async #produce(producer: (send: ProducerSendChannel<T>) => unknown): Promise<void> {
    await this.#channel.wanted();
    const send = new ProducerSendChannel<T>(this.#channel);
    const items = await producer(send);
    if (isAsyncIterable<T>(items)) await sendAll(items, send);
  }

  #consumerEnded(error: unknown): void {
    const outcome = unwind(this.#status, error, "task");
    if (outcome.kind === "failed") this.#consumerErrors.push(outcome.error);
    else if (outcome.kind === "cancelled") this.#passing.push(outcome.error);
    // "caught": the producer's failure had cancelled it, and will come out.
  }

  #producerEnded(state: TaskState<void>): void {
    switch (state.kind) {
      case "failed":
        this.#producerErrors.push(state.error);
        this.#status.cancel({ source: "nursery", reason: state.error, scope: this.#status.name });
        this.#channel.finish(
          new BrokenResourceError("The producer failed; its error is the cause.", { cause: state.error }),
        );
        break;
      case "cancelled":
        if (!state.caught) this.#passing.push(state.error);
        this.#channel.finish(
          new BrokenResourceError("The producer was cancelled before it had come to its end."),
        );
        break;
      default:
        this.#channel.finish();
    }
    this.#exit?.resume();
  }

  #cancelProducer(): void {
    this.#task.cancelStatus.cancel({
      source: "nursery",
      reason: "the consumer has ended",
      scope: this.#status.name,
    });
  }

  /** Never itself the source of a `Cancelled`. */
  #waitForProducer(): Promise<void> {
    if (this.#task.ended) return shieldedCheckpoint();
    this.#exit = parkShielded<void>("withProducer exit");
    return this.#exit.promise;
  }

  #group(errors: readonly unknown[]): AggregateError {
    return new AggregateError(errors, `The consumer and the producer of "${this.#status.name}" failed.`);
  }
}

class ProducerTask extends Task<void> {
  readonly #onEnded: (state: TaskState<void>) => void;

  constructor(name: string, parent: CancelStatus, onEnded: (state: TaskState<void>) => void) {
    super(name, parent);
    this.#onEnded = onEnded;
  }

  protected onEnd(): void {
    this.#onEnded(this.state);
  }
}

/**
 * Sends what the iterable gives. By hand and not by `for await`, which drops an error of the generator's cleanup when the
 * loop is left by another: here that would always be the cancellation.
 */
async function sendAll<T>(items: AsyncIterable<T>, send: ProducerSendChannel<T>): Promise<void> {
  const iterator = items[Symbol.asyncIterator]();
  for (;;) {
    const step = await iterator.next();
    if (step.done === true) return;
    try {
      await send.send(step.value);
    } catch (error) {
      await iterator.return?.();
      throw error;
    }
  }
}

function isAsyncIterable<T>(value: unknown): value is AsyncIterable<T> {
  return (
    typeof (value as Partial<AsyncIterable<T>> | null | undefined)?.[Symbol.asyncIterator] === "function"
  );
}

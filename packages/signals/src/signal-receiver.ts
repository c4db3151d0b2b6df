import { BusyResourceError, ClosedResourceError } from "@espalier/core";
import { parkAbroad, type Parked, pass, quietly, refusal } from "@espalier/core/lowlevel";
import { longestDelay } from "./long-timer.ts";
import { type Arrival, giveUp, type Recipient, subscribe, unsubscribe } from "./signal-arrivals.ts";
import { checkSignalNames, type SignalName } from "./signal-name.ts";

/** A snapshot of a signal receiver. */
export interface SignalReceiverStatistics {
  /** The signals that have arrived and were not read, in order of first arrival. */
  readonly pending: readonly SignalName[];
  readonly tasksWaiting: 0 | 1;
}

/** Receives signals of the operating system, one after the other, in a `for await` loop. */
export interface SignalReceiver extends AsyncIterable<SignalName>, Disposable {
  /**
   * Waits for the next signal.
   *
   * While a task waits the process stays alive, and the wait is no deadlock.
   *
   * @checkpoint always
   * @cancellation No signal was taken.
   * @throws {Cancelled} the current scope is, or becomes, cancelled.
   * @throws {BusyResourceError} another task already waits; open a receiver for each.
   * @throws {ClosedResourceError} the receiver was disposed, before or during the wait.
   */
  receive(): Promise<SignalName>;
  /**
   * Removes the handlers. A signal that has arrived, was not read and was seen by no other listener or receiver is delivered
   * again, to what is there now: a listener added since, or the default action, which may end the process. Idempotent.
   *
   * @checkpoint never
   */
  close(): void;
  /** A snapshot for debugging. */
  statistics(): SignalReceiverStatistics;
}

/**
 * Listens for signals from now until it is disposed. Equal signals that arrive before one was read count once. Other
 * listeners of the process are left alone. After Trio's `open_signal_receiver`.
 *
 * @checkpoint never
 * @throws {TypeError} no signal was named.
 * @throws {RangeError} a signal that this platform does not have, or that cannot be caught.
 * @example
 * ```ts
 * import { openSignalReceiver } from "@espalier/signals";
 *
 * async function reloadOnHangup(reload: () => Promise<void>): Promise<void> {
 *   using signals = openSignalReceiver("SIGHUP");
 *   for await (const signal of signals) {
 *     console.log(`${signal}: reading the configuration again`);
 *     await reload();
 *   }
 * }
 * ```
 */
export function openSignalReceiver(...signals: SignalName[]): SignalReceiver {
  checkSignalNames(signals, "openSignalReceiver");
  return new ProcessSignalReceiver(signals);
}

class ProcessSignalReceiver implements SignalReceiver, Recipient {
  readonly #signals: ReadonlySet<SignalName>;
  /** What has arrived and was not read, in order of first arrival. */
  readonly #pending = new Map<SignalName, Arrival>();
  #waiter: Parked<SignalName> | undefined = undefined;
  /** Ticks while a task waits: a listener for a signal does not keep the process alive, but a task that waits for one must. */
  #alive: ReturnType<typeof setInterval> | undefined = undefined;
  #closed = false;

  constructor(signals: readonly SignalName[]) {
    this.#signals = new Set(signals);
    try {
      for (const signal of this.#signals) subscribe(signal, this);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  receive(): Promise<SignalName> {
    const denied = refusal();
    if (denied !== undefined) return denied;
    if (this.#closed) return Promise.reject(closedError());
    if (this.#waiter !== undefined) {
      return Promise.reject(
        new BusyResourceError(
          "Another task already waits for a signal here; open a receiver for each of them.",
        ),
      );
    }
    for (const [signal, arrival] of this.#pending) {
      this.#pending.delete(signal);
      arrival.seen = true;
      return pass(signal);
    }
    const waiter = parkAbroad<SignalName>("signals.receive", () => {
      this.#takeWaiter();
    });
    if (waiter.pending) {
      this.#waiter = waiter;
      this.#alive = setInterval(() => undefined, longestDelay);
    }
    return waiter.promise;
  }

  offer(signal: SignalName, arrival: Arrival): void {
    if (this.#takeWaiter()?.resume(signal) === true) {
      arrival.seen = true;
      return;
    }
    const earlier = this.#pending.get(signal);
    if (earlier?.seen === false) return; // equal ones count once, and somebody must still see the earlier one
    if (earlier !== undefined) earlier.holders--;
    arrival.holders++;
    this.#pending.set(signal, arrival);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const signal of this.#signals) unsubscribe(signal, this);
    this.#takeWaiter()?.fail(closedError());
    for (const [signal, arrival] of this.#pending) giveUp(signal, arrival);
    this.#pending.clear();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  [Symbol.asyncIterator](): AsyncIterator<SignalName, undefined> {
    // No `return` method: leaving a loop early does not close the receiver; its block does.
    return { next: () => quietly(async () => ({ done: false, value: await this.receive() })) };
  }

  statistics(): SignalReceiverStatistics {
    return { pending: [...this.#pending.keys()], tasksWaiting: this.#waiter === undefined ? 0 : 1 };
  }

  /** Nobody waits any more. */
  #takeWaiter(): Parked<SignalName> | undefined {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    clearInterval(this.#alive);
    return waiter;
  }
}

function closedError(): ClosedResourceError {
  return new ClosedResourceError(
    "This signal receiver was closed; receive signals inside the block that opened it.",
  );
}

import { BusyResourceError, ClosedResourceError } from "@espalier/core";
import { park, type Parked, pass, refusal } from "@espalier/core/lowlevel";
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
   * @checkpoint always
   * @cancellation No signal was taken.
   * @throws {Cancelled} the current scope is, or becomes, cancelled.
   * @throws {BusyResourceError} another task already waits; open a receiver for each.
   * @throws {ClosedResourceError} the receiver was disposed, before or during the wait.
   */
  receive(): Promise<SignalName>;
  /**
   * Removes the handlers. A signal that has arrived, was not read here and was seen by no other listener is delivered
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

class ProcessSignalReceiver implements SignalReceiver {
  readonly #signals: ReadonlySet<SignalName>;
  /** What has arrived and was not read, in order of first arrival; true if another listener saw it as well. */
  readonly #pending = new Map<SignalName, boolean>();
  #waiter: Parked<SignalName> | undefined = undefined;
  #closed = false;

  constructor(signals: readonly SignalName[]) {
    this.#signals = new Set(signals);
    for (const signal of this.#signals) process.on(signal, this.#arrived);
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
    for (const [signal] of this.#pending) {
      this.#pending.delete(signal);
      return pass(signal);
    }
    const waiter = park<SignalName>("signals.receive", () => {
      this.#waiter = undefined;
    });
    if (waiter.pending) this.#waiter = waiter;
    return waiter.promise;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const signal of this.#signals) process.off(signal, this.#arrived);
    this.#waiter?.fail(closedError());
    this.#waiter = undefined;
    for (const [signal, seen] of this.#pending) if (!seen) process.kill(process.pid, signal);
    this.#pending.clear();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  [Symbol.asyncIterator](): AsyncIterator<SignalName, undefined> {
    // No `return` method: leaving a loop early does not close the receiver; its block does.
    return { next: async () => ({ done: false, value: await this.receive() }) };
  }

  statistics(): SignalReceiverStatistics {
    return { pending: [...this.#pending.keys()], tasksWaiting: this.#waiter === undefined ? 0 : 1 };
  }

  readonly #arrived = (signal: SignalName): void => {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    if (waiter?.resume(signal) === true) return;
    const seenByOthers = process.listenerCount(signal) > 1;
    if (!this.#pending.has(signal)) this.#pending.set(signal, seenByOthers);
  };
}

function closedError(): ClosedResourceError {
  return new ClosedResourceError(
    "This signal receiver was closed; receive signals inside the block that opened it.",
  );
}

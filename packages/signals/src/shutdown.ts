import { formatTaskTree, isCancelled } from "@espalier/core";
import type { CancelStatus } from "@espalier/core/lowlevel";
import { exitCodeOf, type SignalName } from "./signal-name.ts";

/**
 * A program on its way out.
 *
 *     event \ state     running                      stopping              gone
 *     signal            -> stopping: main cancelled  -> gone: exit         nothing
 *     grace is over     -                            -> gone: exit         -
 *     main has ended    -> over                      -> over               -
 */
export class Shutdown {
  /** The signal that asked for it; `undefined` while the program runs. */
  signal: SignalName | undefined = undefined;
  /** Whether the process was ended without waiting for main. */
  gone = false;
  readonly #graceMs: number;
  readonly #exit: (code: number) => void;
  #main: CancelStatus | undefined = undefined;
  #grace: ReturnType<typeof setTimeout> | undefined = undefined;

  constructor(graceMs: number, exit: (code: number) => void) {
    this.#graceMs = graceMs;
    this.#exit = exit;
  }

  /** Main begins: a signal that came before it acts now. */
  begins(main: CancelStatus): void {
    this.#main = main;
    if (this.signal !== undefined) this.#cancel(main, this.signal);
  }

  /** Main has ended. */
  ends(): void {
    clearTimeout(this.#grace);
  }

  /** Whether an error is nothing but the cancellation that the signal brought. */
  caused(error: unknown): boolean {
    return this.signal !== undefined && isCancelled(error);
  }

  readonly onSignal = (signal: SignalName): void => {
    if (this.gone) return;
    if (this.signal !== undefined) {
      this.#exitAtOnce(this.signal, `a second signal (${signal})`);
      return;
    }
    this.signal = signal;
    if (this.#graceMs !== Infinity) {
      const over = `the grace of ${this.#graceMs} ms after ${signal} is over`;
      this.#grace = setTimeout(() => {
        this.#exitAtOnce(signal, over);
      }, this.#graceMs);
    }
    if (this.#main !== undefined) this.#cancel(this.#main, signal);
  };

  #cancel(main: CancelStatus, signal: SignalName): void {
    main.cancel({ source: "shutdown", reason: signal, scope: main.name });
  }

  #exitAtOnce(signal: SignalName, why: string): void {
    this.gone = true;
    clearTimeout(this.#grace);
    console.error(`Exits at once: ${why}. Still running:\n${formatTaskTree()}`);
    this.#exit(exitCodeOf(signal));
  }
}

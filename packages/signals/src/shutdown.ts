import { formatTaskTree, isCancelled } from "@espalier/core";
import type { CancelStatus } from "@espalier/core/lowlevel";
import { startTimer } from "./long-timer.ts";
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
  #stopGrace: (() => void) | undefined = undefined;
  /** The cancellation that came out of main, if that is how it ended. */
  #unwound: { readonly error: unknown } | undefined = undefined;

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
    this.#stopGrace?.();
  }

  /**
   * Main has failed. Asked inside of it, where it is known of an abort error without a cause whether a signal of ours is
   * behind it.
   */
  mainFailed(error: unknown): void {
    if (isCancelled(error)) this.#unwound = { error };
  }

  /** Whether an error is nothing but the cancellation that the signal brought. */
  caused(error: unknown): boolean {
    // Not `#unwound?.error`: what failed may have thrown `undefined`, which is what an absent cancellation would look like.
    return this.signal !== undefined && this.#unwound !== undefined && this.#unwound.error === error;
  }

  readonly onSignal = (signal: SignalName): void => {
    if (this.gone) return;
    if (this.signal !== undefined) {
      this.#exitAtOnce(this.signal, `a second signal (${signal})`);
      return;
    }
    this.signal = signal;
    this.#stopGrace = startTimer(this.#graceMs, () => {
      this.#exitAtOnce(signal, `the grace of ${this.#graceMs} ms after ${signal} is over`);
    });
    if (this.#main !== undefined) this.#cancel(this.#main, signal);
  };

  #cancel(main: CancelStatus, signal: SignalName): void {
    main.cancel({ source: "shutdown", reason: signal, scope: main.name });
  }

  #exitAtOnce(signal: SignalName, why: string): void {
    this.gone = true;
    this.#stopGrace?.();
    console.error(`Exits at once: ${why}. Still running:\n${formatTaskTree()}`);
    this.#exit(exitCodeOf(signal));
  }
}

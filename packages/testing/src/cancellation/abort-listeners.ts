import { currentStatus, type Runtime } from "@espalier/core/lowlevel";
import { listenToCalls } from "./method-calls.ts";

/*
 * Who adds a listener for "abort" to a signal and does not remove it leaves something behind: the signal of a server lives
 * as long as the server, and so do its listeners. A signal does not tell its listeners in any portable way, so their
 * comings and goings are watched while a program is under test.
 */

/** The options of `addEventListener` that matter here. */
type ListenerOptions = { readonly signal?: AbortSignal } | boolean | undefined;

/** The listeners that the program of one runtime has added and nobody has removed. */
export class AbortListeners {
  readonly #runtime: Runtime;
  readonly #listeners = new Map<AbortSignal, Map<unknown, ListenerOptions>>();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** The signals to which the program has added a listener, whatever became of it. */
  get signals(): AbortSignal[] {
    return [...this.#listeners.keys()];
  }

  /** How many are left on signals of which `counts` says that they live on; one that has aborted calls nobody any more. */
  countLeft(counts: (signal: AbortSignal) => boolean): number {
    let left = 0;
    for (const [signal, listeners] of this.#listeners) {
      if (signal.aborted || !counts(signal)) continue;
      for (const options of listeners.values()) if (!isGone(options)) left++;
    }
    return left;
  }

  /** Begins to watch; gives a function that ends it. */
  watch(): () => void {
    const { prototype } = EventTarget;
    const stops = [
      listenToCalls(prototype, "addEventListener", (target, [type, listener, options]) => {
        if (isAbort(target, type) && listener !== null)
          this.#added(target, listener, options as ListenerOptions);
      }),
      listenToCalls(prototype, "removeEventListener", (target, [type, listener]) => {
        if (isAbort(target, type)) this.#listeners.get(target)?.delete(listener);
      }),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }

  #added(signal: AbortSignal, listener: unknown, options: ListenerOptions): void {
    if (currentStatus().runtime !== this.#runtime) return;
    const listeners = this.#listeners.get(signal) ?? new Map<unknown, ListenerOptions>();
    this.#listeners.set(signal, listeners);
    listeners.set(listener, options);
  }
}

function isAbort(target: unknown, type: unknown): target is AbortSignal {
  return type === "abort" && target instanceof AbortSignal;
}

/** A listener can be tied to a signal of its own, which removes it. */
function isGone(options: ListenerOptions): boolean {
  return typeof options === "object" && options.signal?.aborted === true;
}

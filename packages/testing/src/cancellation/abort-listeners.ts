import { currentStatus, type Runtime } from "@espalier/core/lowlevel";

/*
 * Who adds a listener for "abort" to a signal and does not remove it leaves something behind: the signal of a server lives
 * as long as the server, and so do its listeners. A signal does not tell its listeners in any portable way, so their
 * comings and goings are watched while a program is under test.
 */

type Add = typeof EventTarget.prototype.addEventListener;
type Remove = typeof EventTarget.prototype.removeEventListener;
type Listener = Parameters<Add>[1];

/** The listeners that the program of one runtime has added and nobody has removed. */
export class AbortListeners {
  readonly #runtime: Runtime;
  readonly #listeners = new Map<AbortSignal, Map<Listener, Parameters<Add>[2]>>();

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
    if (watching.size === 0) install();
    watching.add(this);
    return () => {
      watching.delete(this);
      if (watching.size === 0) uninstall();
    };
  }

  added(signal: AbortSignal, listener: Listener, options: Parameters<Add>[2]): void {
    if ((listener as Listener | null) === null || currentStatus().runtime !== this.#runtime) return;
    const listeners = this.#listeners.get(signal) ?? new Map<Listener, Parameters<Add>[2]>();
    this.#listeners.set(signal, listeners);
    listeners.set(listener, options);
  }

  removed(signal: AbortSignal, listener: Listener): void {
    this.#listeners.get(signal)?.delete(listener);
  }
}

/** A listener can be tied to a signal of its own, which removes it. */
function isGone(options: Parameters<Add>[2]): boolean {
  return typeof options === "object" && options.signal?.aborted === true;
}

const watching = new Set<AbortListeners>();
/** What was there before the first watch; put back after the last one. */
let originals: { readonly add: Add; readonly remove: Remove } | undefined;

function install(): void {
  const add: Add = EventTarget.prototype.addEventListener;
  const remove: Remove = EventTarget.prototype.removeEventListener;
  originals = { add, remove };
  EventTarget.prototype.addEventListener = function (this: EventTarget, ...args: Parameters<Add>): void {
    const [type, listener, options] = args;
    if (isAbort(this, type)) for (const each of watching) each.added(this, listener, options);
    add.apply(this, args);
  };
  EventTarget.prototype.removeEventListener = function (
    this: EventTarget,
    ...args: Parameters<Remove>
  ): void {
    const [type, listener] = args;
    if (isAbort(this, type)) for (const each of watching) each.removed(this, listener);
    remove.apply(this, args);
  };
}

function uninstall(): void {
  if (originals === undefined) return;
  EventTarget.prototype.addEventListener = originals.add;
  EventTarget.prototype.removeEventListener = originals.remove;
  originals = undefined;
}

function isAbort(target: EventTarget, type: string): target is AbortSignal {
  return type === "abort" && target instanceof AbortSignal;
}

import { currentStatus, type Runtime } from "@espalier/core/lowlevel";
import { CapacityLimiter, Lock, RwLock } from "@espalier/sync";
import { listenToCalls } from "./method-calls.ts";

/*
 * A lock does not know who may still want it, so one that is held when the program has ended is not always a mistake: the
 * program may have been meant to take it. It is one if the program gives it back when it is not cancelled.
 *
 * Not semaphores: their permits are often put in by somebody else than who takes them, and then prove nothing.
 */

interface Kind {
  readonly prototype: object;
  readonly methods: readonly string[];
  /** How often it is held. */
  readonly held: (lock: object) => number;
}

const kinds: readonly Kind[] = [
  {
    prototype: Lock.prototype,
    methods: ["acquire", "acquireNowait"],
    held: (lock) => ((lock as Lock).locked ? 1 : 0),
  },
  {
    prototype: RwLock.prototype,
    methods: ["read", "write", "readNowait", "writeNowait"],
    held: (lock) => {
      const { activeReaders, activeWriters } = (lock as RwLock).statistics();
      return activeReaders + activeWriters;
    },
  },
  {
    prototype: CapacityLimiter.prototype,
    methods: ["acquire", "acquireNowait", "acquireOnBehalfOf", "acquireOnBehalfOfNowait"],
    held: (limiter) => (limiter as CapacityLimiter).borrowedTokens,
  },
];

/** The locks (and limiters, and the locks of conditions) that the program of one runtime has to do with. */
export class HeldLocks {
  readonly #runtime: Runtime;
  readonly #locks = new Map<object, Kind>();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** How many are held now. */
  get count(): number {
    let count = 0;
    for (const [lock, { held }] of this.#locks) count += held(lock);
    return count;
  }

  /** Begins to watch; gives a function that ends it. */
  watch(): () => void {
    const stops = kinds.flatMap((kind) =>
      kind.methods.map((method) =>
        listenToCalls(kind.prototype, method, (lock) => {
          if (currentStatus().runtime === this.#runtime) this.#locks.set(lock as object, kind);
        }),
      ),
    );
    return () => {
      for (const stop of stops) stop();
    };
  }
}

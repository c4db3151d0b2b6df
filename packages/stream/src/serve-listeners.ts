import { rethrowIfCancelled, sleep } from "@espalier/core";
import { checkBody, ParkingLot, quietly, refusal } from "@espalier/core/lowlevel";
import { type Nursery, openNursery } from "@espalier/nursery";
import { acloseForcefully, type AsyncResource, dispose } from "./async-resource.ts";
import type { Listener } from "./contracts.ts";

/** Options that all servers share. */
export interface ServeOptions<L> {
  /** Called with the listeners when the server is ready: pass the `started` of `nursery.start`. */
  readonly started?: (listeners: L[]) => void;
  /** Where the handlers run; by default in the server, so that they end with it. */
  readonly handlerNursery?: Nursery;
  /** How many connections are handled at a time; further peers wait. By default there is no limit. */
  readonly maxConnections?: number;
  /**
   * Called when a handler fails. By default the error is printed and the server goes on; one that throws ends the server.
   */
  readonly onError?: (error: unknown) => void;
}

/** Errors of accepting that pass when other connections end: the process, or the system, has run out of something. */
const passing = new Set(["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"]);
/** So long it waits then, before it tries again. */
const respiteMs = 100;

/**
 * Accepts connections and handles each of them in a task of its own, until it is cancelled. A connection is closed when its
 * handler has ended, however it ended.
 *
 * @checkpoint always
 * @cancellation The listeners are closed first; then the handlers are cancelled and waited for.
 * @throws {Cancelled} that is how it ends.
 * @throws {RangeError} `maxConnections` is not a number of 1 or more.
 * @throws {TypeError} `handler` is not a function.
 */
export function serveListeners<S extends AsyncResource, L extends Listener<S>>(
  handler: (stream: S) => Promise<unknown>,
  listeners: L[],
  options: ServeOptions<L> = {},
): Promise<never> {
  return quietly(async () => {
    const { maxConnections = Infinity, onError = print, started } = options;
    try {
      checkBody(handler, "serve");
      const places = new Places(maxConnections);
      const denied = refusal();
      if (denied !== undefined) await denied;
      await openNursery(
        async (nursery) => {
          const handlers = options.handlerNursery ?? nursery;
          const handle = async (stream: S): Promise<void> => {
            try {
              await handler(stream);
            } catch (error) {
              rethrowIfCancelled(error);
              onError(error);
            } finally {
              // Its place is free when its socket is.
              try {
                await dispose(stream);
              } finally {
                places.release();
              }
            }
          };
          for (const listener of listeners) {
            nursery.startSoon(
              () => acceptAll(listener, places, (stream) => handlers.startSoon(() => handle(stream))),
              {
                name: "accept",
              },
            );
          }
          started?.(listeners);
        },
        { name: "server" },
      );
    } finally {
      for (const listener of listeners) await acloseForcefully(listener);
    }
    throw new Error("unreachable: accepting ends by an error");
  });
}

/** Accepts until it is cancelled or fails, and closes the listener then, so that peers are refused while handlers wind down. */
async function acceptAll<S extends AsyncResource>(
  listener: Listener<S>,
  places: Places,
  start: (stream: S) => void,
): Promise<never> {
  try {
    for (;;) {
      const stream = await acceptOne(listener);
      if (stream === undefined) continue;
      try {
        // Not before: a listener at which nobody knocks would hold a place that the others could give away.
        await places.take();
        start(stream);
      } catch (error) {
        await acloseForcefully(stream); // it is cancelled, or the nursery for the handlers is closed
        throw error;
      }
    }
  } finally {
    await acloseForcefully(listener);
  }
}

/** `undefined` if it should be tried again. */
async function acceptOne<S extends AsyncResource>(listener: Listener<S>): Promise<S | undefined> {
  try {
    return await listener.accept();
  } catch (error) {
    rethrowIfCancelled(error);
    const code = (error as { code?: unknown }).code;
    if (typeof code !== "string" || !passing.has(code)) throw error;
    console.error(`Could not accept a connection (${code}); trying again in ${respiteMs} ms.`);
    await sleep(respiteMs);
    return undefined;
  }
}

/** So many connections may be handled at a time. */
class Places {
  #free: number;
  readonly #waiting = new ParkingLot();

  constructor(count: number) {
    if (!(count >= 1)) throw new RangeError(`maxConnections needs a number of 1 or more, not ${count}.`);
    this.#free = count;
  }

  async take(): Promise<void> {
    if (this.#free >= 1) this.#free--;
    else await this.#waiting.park("maxConnections", undefined);
  }

  release(): void {
    if (this.#waiting.unpark(undefined) === 0) this.#free++;
  }
}

function print(error: unknown): void {
  console.error("A connection's handler failed, and the connection was closed:", error);
}

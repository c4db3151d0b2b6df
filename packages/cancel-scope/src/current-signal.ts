import { currentStatus, liveSignalOf } from "@espalier/core/lowlevel";

/**
 * The `AbortSignal` of the scope or task that runs this code, for everything that takes one:
 * `fetch(url, { signal: currentSignal() })`. It aborts when that scope becomes cancelled, and its reason is our
 * `Cancelled`; what rejects because of it is caught by the scope like any other cancellation.
 *
 * Outside every scope it is a signal that never aborts. The same scope gives the same signal each time; libraries that
 * forget to remove their listeners are better served by {@link withSignal}.
 *
 * @checkpoint never
 */
export function currentSignal(): AbortSignal {
  return liveSignalOf(currentStatus());
}

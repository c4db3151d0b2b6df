import { WatchReceiveChannel } from "./watch-receive-channel.ts";
import { WatchSendChannel } from "./watch-send-channel.ts";
import { WatchState } from "./watch-state.ts";

/**
 * Opens a channel that holds one value, the latest: for configuration, progress, the state of a connection. The sender never
 * waits; a receiver reads the value whenever it likes, or waits for a change. Intermediate values may be skipped; use a
 * memory or broadcast channel where each one counts.
 *
 * @checkpoint never
 * @param initial - The first value; for the receivers it counts as seen.
 * @example
 * ```ts
 * import { openWatchChannel } from "@espalier/channel";
 *
 * const [send, receive] = openWatchChannel("starting");
 * send.set("running");
 * console.log(receive.value); // running
 * console.log(await receive.changed()); // running, at once: this end has not seen it before
 * ```
 */
export function openWatchChannel<T>(
  initial: T,
): [send: WatchSendChannel<T>, receive: WatchReceiveChannel<T>] {
  const state = new WatchState(initial);
  return [new WatchSendChannel<T>(state), new WatchReceiveChannel<T>(state, 0)];
}

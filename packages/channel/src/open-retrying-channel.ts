import { type Backoff, checkBackoff } from "./backoff.ts";
import { RetryingReceiveChannel } from "./retrying-receive-channel.ts";
import { RetryingSendChannel } from "./retrying-send-channel.ts";
import { RetryingState } from "./retrying-state.ts";

/** Options of {@link openRetryingChannel}. */
export interface RetryingOptions {
  /** How often an item is tried before its sender gets `DeliveryFailedError`: 1, 2, ... or `Infinity`, the default. */
  readonly maxAttempts?: number;
  /** How many milliseconds an item rests after a failed attempt, or a function of the number of failed attempts; 0 by default. */
  readonly backoff?: Backoff;
}

/**
 * Opens a channel whose sender waits until its item has been *processed*, not only received. A receiver that fails, is
 * cancelled or closes hands the item to another one, so no item is lost with the receiver that had it: it is processed at
 * least once, or its sender learns that it was not.
 *
 * Receivers use `process(handler)`, or `receive()` and settle each delivery by `ack()` or `nack()`.
 *
 * @checkpoint never
 * @throws {RangeError} an option is a number that makes no sense.
 * @throws {TypeError} an option is of the wrong type.
 * @example
 * ```ts
 * import { openNursery } from "@espalier/nursery";
 * import { openRetryingChannel } from "@espalier/channel";
 *
 * declare function charge(order: string): Promise<void>; // fails now and then
 *
 * const [send, receive] = openRetryingChannel<string>({ maxAttempts: 3, backoff: (failed) => 100 * 2 ** failed });
 * await openNursery(async (nursery) => {
 *   for (let i = 0; i < 5; i++) nursery.startSoon(() => receive.process(charge));
 *   await send.send("order 1"); // returns when the order has been charged
 *   send.close();
 * });
 * ```
 */
export function openRetryingChannel<T>(
  options: RetryingOptions = {},
): [send: RetryingSendChannel<T>, receive: RetryingReceiveChannel<T>] {
  const { maxAttempts = Infinity, backoff = 0 } = options;
  checkMaxAttempts(maxAttempts);
  checkBackoff(backoff, "openRetryingChannel.backoff");
  const state = new RetryingState(maxAttempts, backoff);
  return [new RetryingSendChannel<T>(state), new RetryingReceiveChannel<T>(state)];
}

function checkMaxAttempts(maxAttempts: unknown): void {
  if (typeof maxAttempts !== "number")
    throw new TypeError(`openRetryingChannel.maxAttempts needs a number, not ${typeof maxAttempts}.`);
  if (maxAttempts === Infinity || (Number.isInteger(maxAttempts) && maxAttempts >= 1)) return;
  throw new RangeError(`openRetryingChannel.maxAttempts needs 1, 2, ... or Infinity, not ${maxAttempts}.`);
}

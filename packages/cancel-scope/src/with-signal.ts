import { isCancelled } from "@espalier/core";
import {
  abort,
  checkBody,
  currentStatus,
  parkAbroad,
  quietly,
  refusal,
  shieldedCheckpoint,
} from "@espalier/core/lowlevel";

/**
 * Calls `fn` with an `AbortSignal` of its own that aborts when the current scope is cancelled, and waits for `fn` to end.
 * The signal is dropped afterwards, so a library that never removes its listeners leaks none.
 *
 * @checkpoint always
 * @cancellation The signal aborts; then it waits until `fn` has ended. If `fn` gives a value all the same, that counts; if
 *   it rejects because of the signal, `Cancelled` is raised.
 * @throws {Cancelled} the current scope was cancelled first, or `fn` ended because of it.
 * @throws {TypeError} `fn` is not a function.
 * @example
 * ```ts
 * import { setTimeout } from "node:timers/promises";
 * import { moveOnAfter, withSignal } from "@espalier/cancel-scope";
 *
 * await moveOnAfter(10, () => withSignal((signal) => setTimeout(60_000, "late", { signal })));
 * ```
 */
export function withSignal<T>(fn: (signal: AbortSignal) => Promise<T>): Promise<T> {
  return quietly(async () => {
    checkBody(fn, "withSignal");
    const denied = refusal();
    if (denied !== undefined) return denied;
    const status = currentStatus();
    const controller = new AbortController();
    const wait = parkAbroad<void>("withSignal", () => {
      abort(status, controller);
    });
    if (!wait.pending) return wait.promise as Promise<never>;
    wait.promise.catch(() => undefined); // the end of fn is what counts; this wait only brings the cancellation
    try {
      return await fn(controller.signal);
    } catch (error) {
      // What fn makes of the abort (an AbortError of its own, as a rule) is worth less than what caused it.
      throw controller.signal.aborted && isCancelled(error) ? controller.signal.reason : error;
    } finally {
      wait.resume();
      await shieldedCheckpoint(); // fn may have ended without giving anybody a turn
    }
  });
}

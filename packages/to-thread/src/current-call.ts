import { enter } from "@espalier/core/lowlevel";
import { isMarkedCancelled, type CallWords } from "./call-words.ts";
import { sharedInThread } from "./shared-in-thread.ts";

/** What code inside a thread can find out about the call that it is in. */
export interface CurrentCall {
  readonly words: CallWords;
  readonly slot: number;
  /** Reads the message that says why, and cancels the scope that the call runs in. */
  noticeCancellation(): void;
}

/** The call that this thread runs; a thread runs one at a time. */
export const threadState: { current: CurrentCall | undefined } = sharedInThread("thread", () => ({
  current: undefined,
}));

/**
 * Raises if the caller's scope was cancelled. One read of shared memory, for the inside of a loop that computes: there is
 * no `await` in it at which a cancellation could be raised. Outside of a call, and so also on the main thread, it looks at
 * the scope around it: the same module works on both sides.
 *
 * @checkpoint never; it only raises
 * @throws {Cancelled} the scope of the caller, or of this code, is cancelled.
 * @example
 * ```ts
 * import { checkCancelled } from "@espalier/to-thread/worker";
 *
 * export function countPrimes(limit: number): number {
 *   let found = 0;
 *   for (let n = 2; n < limit; n++) {
 *     if (n % 1000 === 0) checkCancelled();
 *     let isPrime = true;
 *     for (let d = 2; d * d <= n && isPrime; d++) isPrime = n % d !== 0;
 *     if (isPrime) found++;
 *   }
 *   return found;
 * }
 * ```
 */
export function checkCancelled(): void {
  const call = threadState.current;
  if (call !== undefined) {
    if (!isMarkedCancelled(call.words, call.slot)) return;
    call.noticeCancellation();
  }
  enter();
}

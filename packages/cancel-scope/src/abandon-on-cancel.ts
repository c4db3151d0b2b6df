import { isThenable, parkAbroad, quietly, refusal } from "@espalier/core/lowlevel";

/**
 * Waits for a promise that cannot be interrupted, but stops waiting when the current scope is cancelled. The promise goes
 * on alone; its rejection, if it comes, is handled and dropped. For foreign calls that take no signal; where there is one,
 * use `currentSignal` or `withSignal`, which do not leave work behind.
 *
 * @checkpoint always
 * @cancellation The wait ends; the promise does not.
 * @throws {Cancelled} the current scope is, or becomes, cancelled.
 * @throws {TypeError} `promise` is not a promise.
 */
export function abandonOnCancel<T>(promise: PromiseLike<T>): Promise<T> {
  return quietly(async () => {
    if (!isThenable(promise))
      throw new TypeError("abandonOnCancel needs a promise: abandonOnCancel(work()).");
    const settled = Promise.resolve(promise);
    settled.catch(() => undefined); // also when we are cancelled before we listen
    const denied = refusal();
    if (denied !== undefined) return denied;
    const wait = parkAbroad<T>("abandonOnCancel");
    if (wait.pending) {
      settled.then(
        (value) => wait.resume(value),
        (error: unknown) => wait.fail(error),
      );
    }
    return wait.promise;
  });
}

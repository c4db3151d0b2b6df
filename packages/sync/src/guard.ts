/**
 * What an acquire hands out: as long as you have it, you hold what it stands for. Ownership is the guard's and not the
 * task's, so two flows of one task under `Promise.all` contend like anybody else.
 *
 * @example
 * ```ts
 * import { Semaphore } from "@espalier/sync";
 *
 * const semaphore = new Semaphore(3);
 * {
 *   using _permit = await semaphore.acquire();
 *   // one of at most three in here
 * } // given back, however the block ends
 * ```
 */
export interface Guard extends Disposable {
  /**
   * Gives back what it stands for; for code without `using`, in a `finally`. The oldest waiter gets it at once. The second
   * call does nothing.
   *
   * @checkpoint never
   */
  release(): void;
  /** The same as `release()`, for `using`. */
  [Symbol.dispose](): void;
}

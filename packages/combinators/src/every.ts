import { currentTime, sleepUntil } from "@espalier/core";
import { checkBody, checkDuration, refusal } from "@espalier/core/lowlevel";
import type { Body } from "./body.ts";

/**
 * Calls `fn` every `ms` milliseconds, until it is cancelled or `fn` fails. The first call is made at once. Calls never
 * overlap, and do not drift: they are made at whole multiples of `ms` from the start, however long they take. A multiple
 * that passes while `fn` still runs is skipped.
 *
 * @checkpoint always
 * @cancellation The call, or the wait, is ended. In a cancelled scope `fn` is not called.
 * @param ms - Milliseconds on the run's clock. With 0 the next call follows at once; others get their turn in between.
 * @throws {Cancelled} the surrounding scope is, or becomes, cancelled.
 * @throws {RangeError} `ms` is negative or NaN.
 * @throws {TypeError} `ms` is not a number, or `fn` is not a function.
 * @throws what `fn` raised.
 * @example
 * ```ts
 * import { moveOnAfter } from "@espalier/cancel-scope";
 * import { every } from "@espalier/combinators";
 *
 * await moveOnAfter(25, () => every(10, () => console.log("tick"))); // three times
 * ```
 */
export async function every(ms: number, fn: Body<unknown>): Promise<never> {
  checkDuration(ms, "every");
  checkBody(fn, "every");
  const denied = refusal();
  if (denied !== undefined) return denied;
  const start = currentTime();
  for (let tick = 0; ; tick = nextTick(start, ms, tick)) {
    if (tick > 0) await sleepUntil(start + tick * ms);
    await fn();
  }
}

/** The first tick after the last one that has not passed yet; one that is due this very moment has not. */
function nextTick(start: number, ms: number, last: number): number {
  if (ms === 0) return 1;
  const now = currentTime();
  // Rounded down and compared, because a division that is off by a hair must not cost a tick.
  const tick = Math.max(last + 1, Math.floor((now - start) / ms));
  return start + tick * ms < now ? tick + 1 : tick;
}

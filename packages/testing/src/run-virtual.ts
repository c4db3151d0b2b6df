import { checkOptions } from "@espalier/core/lowlevel";
import { startVirtual, type VirtualOptions } from "./start-virtual.ts";

/** Options of {@link runVirtual}. */
export type RunVirtualOptions = VirtualOptions;

/**
 * Runs `body` as the root task of a run of its own whose time is virtual: whenever every task waits, the clock jumps to
 * the next deadline, so a test of hours takes milliseconds and always goes the same way. The body uses `sleep`,
 * `moveOnAfter` and the rest as usual; `currentTime()` shows the virtual time.
 *
 * When every task waits and no deadline is left, the program can only hang: it is cancelled, and the call rejects with a
 * `DeadlockError` at once.
 *
 * The same body takes the same course each time, on every machine, as long as it depends on nothing but the library: not
 * on I/O, native timers, `Math.random()` or the date. Resumptions happen first come, first served; with a `seed`, one at
 * a time in an order that the seed decides.
 *
 * A task that awaits something foreign (a promise that is not ours, a socket) holds the clock back until nothing has
 * moved for `foreignQuietMs` of real time. A task counts as waiting as soon as one of its flows (under `Promise.all`) waits in
 * an operation of ours: then the clock jumps, or a deadlock is told, whatever its other flows await. Give such flows a task
 * each.
 *
 * @checkpoint never
 * @cancellation It is a root: no scope around it can be, see `MisuseError`.
 * @throws {DeadlockError} everything waits, and no deadline is left; the message holds the task tree.
 * @throws {MisuseError} it was called inside a task or scope; `detached` begins outside of them.
 * @throws {TypeError} `body` is not a function, or an option of the wrong type.
 * @throws {RangeError} an option out of range.
 * @example
 * ```ts
 * import { currentTime, sleep } from "@espalier/core";
 * import { runVirtual } from "@espalier/testing";
 *
 * const passed = await runVirtual(async () => {
 *   await sleep(24 * 60 * 60 * 1000);
 *   return currentTime();
 * });
 * console.log(passed); // 86400000, at once
 * ```
 */
export async function runVirtual<T>(body: () => Promise<T> | T, options: RunVirtualOptions = {}): Promise<T> {
  checkOptions(options, "runVirtual");
  return startVirtual(body, { ...options, caller: "runVirtual" });
}

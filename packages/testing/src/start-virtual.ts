import { checkDuration } from "@espalier/core/lowlevel";
import { MockClock, runWith, type Scheduler, SeededScheduler } from "@espalier/core/testing";
import { SteadyScheduler } from "./steady-scheduler.ts";
import { checkWhole } from "./whole-number.ts";

/** What all runs under virtual time have in common. */
export interface VirtualOptions {
  /** A whole number; the order of resumptions is picked at random by it. Without one: first come, first served. */
  readonly seed?: number;
  /** What the clock shows at the start, in milliseconds; 0 by default. */
  readonly startTime?: number;
  /**
   * When a task awaits something foreign, the clock jumps all the same once nothing has moved for so many milliseconds of
   * real time; 20 by default, `Infinity` to wait however long it takes.
   */
  readonly foreignQuietMs?: number;
}

/** What the tools of this package may choose besides. */
export interface VirtualInternals {
  /** What error messages call the function that the user called. */
  readonly caller: string;
  /** The name of the run and its main task in the task tree; by default the function's name, else `"main"`. */
  readonly name?: string;
  /** Puts something of its own between the program and its order of resumptions. */
  readonly wrap?: (scheduler: Scheduler) => Scheduler;
}

/** The whole of `runVirtual`, with what only the tools of this package choose. */
export async function startVirtual<T>(
  body: () => Promise<T> | T,
  options: VirtualOptions & VirtualInternals,
): Promise<T> {
  checkVirtualOptions(options, options.caller);
  const { seed, startTime = 0, foreignQuietMs, caller, name, wrap } = options;
  const clock = new MockClock({
    autojumpThresholdMs: 0,
    ...(foreignQuietMs !== undefined && { foreignQuietMs }),
  });
  clock.jump(startTime);
  const scheduler = seed === undefined ? new SteadyScheduler() : new SeededScheduler(seed);
  return runWith(body, {
    clock,
    scheduler: wrap === undefined ? scheduler : wrap(scheduler),
    deadlockWhenBlocked: true,
    caller,
    ...(name !== undefined && { name }),
  });
}

/**
 * Checks the options.
 *
 * @throws {TypeError} one of the wrong type.
 * @throws {RangeError} one out of range.
 */
export function checkVirtualOptions(options: VirtualOptions, caller: string): void {
  const { seed, startTime = 0, foreignQuietMs = 0 } = options;
  if (seed !== undefined) checkWhole(seed, `${caller}.seed`);
  checkDuration(startTime, `${caller}.startTime`);
  if (startTime === Infinity) throw new RangeError(`${caller}.startTime needs a finite time, not Infinity.`);
  checkDuration(foreignQuietMs, `${caller}.foreignQuietMs`);
}

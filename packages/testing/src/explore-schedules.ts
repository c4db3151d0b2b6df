import { checkpoint, detached } from "@espalier/core";
import { captureOutcome, checkBody, errorText } from "@espalier/core/lowlevel";
import { FailedScheduleError } from "./failed-schedule-error.ts";
import { checkVirtualOptions, startVirtual, type VirtualOptions } from "./start-virtual.ts";
import { checkWhole } from "./whole-number.ts";

/** Options of {@link exploreSchedules}. */
export interface ExploreSchedulesOptions extends Omit<VirtualOptions, "seed"> {
  /** How many orders to try; 100 by default. */
  readonly runs?: number;
  /**
   * The seed of the first run, a whole number; the next ones count up from it. 0 by default, so that each call tries the
   * same orders.
   */
  readonly seed?: number;
}

/**
 * Runs the same program again and again under virtual time, each time in another order of resumptions, until one makes
 * it fail. For finding races: what may happen in between at a checkpoint happens in one of the orders.
 *
 * Each run is a run of its own; `body` has to set up afresh what it uses. It fails by raising: assert inside. The error
 * tells the seed, and `runVirtual(body, { seed })` takes exactly the same course, as long as the program depends on
 * nothing but the library (see `runVirtual`).
 *
 * It tries orders, not times: a limit of 10 ms never ends before a sleep of 5 ms.
 *
 * @checkpoint always, also between the runs
 * @cancellation Between two runs.
 * @throws {FailedScheduleError} the program failed in one order; its `cause` is the program's error. A deadlock is one.
 * @throws {Cancelled} the current scope is, or becomes, cancelled.
 * @throws {TypeError} `body` is not a function, or an option of the wrong type.
 * @throws {RangeError} an option out of range.
 * @example
 * ```ts
 * import { checkpoint } from "@espalier/core";
 * import { openNursery } from "@espalier/nursery";
 * import { exploreSchedules } from "@espalier/testing";
 *
 * await exploreSchedules(async () => {
 *   let seats = 1;
 *   const book = async (): Promise<void> => {
 *     await checkpoint();
 *     if (seats > 0) seats--; // with a checkpoint in between, both could get the last seat
 *   };
 *   await openNursery((nursery) => {
 *     nursery.startSoon(book);
 *     nursery.startSoon(book);
 *   });
 *   if (seats < 0) throw new Error("overbooked");
 * });
 * ```
 */
export async function exploreSchedules(
  body: () => unknown,
  options: ExploreSchedulesOptions = {},
): Promise<void> {
  checkBody(body, "exploreSchedules");
  const { runs = 100, seed: firstSeed = 0, ...rest } = options;
  checkWhole(runs, "exploreSchedules.runs", 1);
  checkVirtualOptions({ ...rest, seed: firstSeed }, "exploreSchedules");
  for (let run = 1; run <= runs; run++) {
    await checkpoint();
    const seed = firstSeed + run - 1;
    const ending = await captureOutcome(() =>
      detached(() => startVirtual(body, { ...rest, seed, caller: "exploreSchedules" })),
    );
    if (ending.kind === "value") continue;
    throw new FailedScheduleError(
      `In the order of seed ${seed} (run ${run} of ${runs}) the program failed: ${errorText(ending.error)}\n` +
        `To replay it: runVirtual(body, { seed: ${seed} })`,
      { cause: ending.error, seed, runs: run },
    );
  }
}

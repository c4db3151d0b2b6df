import { expectEqual, type Workload } from "../workload.ts";

/** The longest of so many sleeps, in milliseconds: 500 for a million. */
function longestMs(size: number): number {
  return Math.min(500, Math.max(20, Math.floor(size / 2_000)));
}

/** How long the sleeper `i` of so many sleeps: whole milliseconds from 0 to the longest, evenly, in no order. */
export function sleepMs(i: number, size: number): number {
  return (i * 7_919) % (longestMs(size) + 1);
}

type Slept = {
  /** Sleeps that came to their end. */
  readonly ended: number;
};

/** Timers alone: what is left of the elapsed time when the longest sleep is taken off. */
export const sleeps: Workload<Slept> = {
  name: "sleeps",
  row: "{size} concurrent sleeps of 0-500 ms: overhead past the last",
  size: { full: 1_000_000, quick: 100_000, smoke: 1_000 },
  unit: "ms",
  target: { 20: 1.7, 24: 1.3 },
  check({ ended }, size, elapsedMs) {
    expectEqual(ended, size, "sleeps that ended");
    // Node's own timers count from the beginning of a turn in whole milliseconds, and may be early by one.
    if (elapsedMs < longestMs(size) - 1) throw new Error("the last sleep ended early");
  },
  value: (_result, size, elapsedMs) => elapsedMs - longestMs(size),
};

/** The same with a task for each sleep. */
export const sleepers: Workload<Slept> = {
  ...sleeps,
  name: "sleepers",
  row: "the same, each in a task of its own",
};

import { expectEqual, type Workload } from "../workload.ts";

/** From the cancellation to the end of the last sleeper; falling asleep is not counted. */
export const cancelSleepers: Workload<{
  /** Sleepers whose sleep was ended by the cancellation. */
  cancelled: number;
  /** Sleepers whose `finally` has run. */
  cleanedUp: number;
}> = {
  name: "cancel-sleepers",
  row: "cancel {size} sleeping tasks, all `finally` run",
  size: { full: 100_000, smoke: 100 },
  unit: "ms",
  target: { 20: 1.5, 24: 1.5 },
  check({ cancelled, cleanedUp }, size) {
    expectEqual(cancelled, size, "sleepers that were cancelled");
    expectEqual(cleanedUp, size, "sleepers that cleaned up");
  },
};

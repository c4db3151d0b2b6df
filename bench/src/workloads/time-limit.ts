import { expectEqual, type Workload } from "../workload.ts";

/** So long is the limit round each call, in milliseconds. It never strikes. */
export const limitMs = 1_000;

/** What a time limit costs that is not needed. */
export const timeLimit: Workload<{
  /** The sum of what the calls gave. */
  sum: number;
  /** Whether the same limit, shorter, ended a call that would have taken for ever, and told it so. */
  strikes: boolean;
}> = {
  name: "time-limit",
  row: "{size} times a trivial async function inside a 1 s time limit",
  size: { full: 200_000, smoke: 200 },
  unit: "ms",
  target: { 20: 0.15, 24: 0.4 },
  check({ sum, strikes }, size) {
    expectEqual(sum, (size * (size - 1)) / 2, "sum of the values");
    expectEqual(strikes, true, "the limit strikes");
  },
};

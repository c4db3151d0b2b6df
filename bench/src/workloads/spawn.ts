import { expectEqual, type Workload } from "../workload.ts";

/** What a nursery of many short children costs. */
export const spawn: Workload<{
  /** Children that came past their checkpoint. */
  ended: number;
}> = {
  name: "spawn",
  row: "start {size} children in one nursery, one checkpoint each, join",
  size: { full: 100_000, smoke: 100 },
  unit: "ms",
  target: { 20: 7.5, 24: 3.2 },
  check({ ended }, size) {
    expectEqual(ended, size, "children that ended");
  },
};

import { expectEqual, type Workload } from "../workload.ts";

/** One scope in another, as deep as the size says, and no further than one checkpoint at the bottom. */
export const nesting: Workload<{
  /** Scopes that were left. */
  left: number;
}> = {
  name: "nesting",
  row: "{size} scopes nested in each other",
  size: { full: 1_000, smoke: 100 },
  unit: "ms",
  inTable: false,
  check({ left }, size) {
    expectEqual(left, size, "scopes that were left");
  },
};

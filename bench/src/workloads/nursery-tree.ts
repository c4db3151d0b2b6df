import { expectEqual, type Workload } from "../workload.ts";

/** What nurseries in nurseries cost; the size is the depth of the tree. */
export const nurseryTree: Workload<{
  /** Leaves that came past their checkpoint. */
  leaves: number;
}> = {
  name: "nursery-tree",
  row: "binary tree of nurseries, depth {size}, one checkpoint per leaf",
  size: { full: 14, smoke: 5 },
  unit: "ms",
  target: { 20: 8, 24: 3.5 },
  check({ leaves }, size) {
    expectEqual(leaves, 2 ** size, "leaves");
  },
};

import { expectEqual, type Workload } from "../workload.ts";

/** So deep are the scopes nested. */
export const depth = 1_000;

/** What opening and leaving a scope costs, far down. The size is how many scopes are opened in all, `depth` at a time. */
export const nestedScopes: Workload<{
  /** Scopes that were left. */
  left: number;
  /** Whether cancelling the outermost scope, once more, ended a wait at the bottom. */
  reachesBottom: boolean;
}> = {
  name: "nested-scopes",
  row: "1,000 nested scopes, one checkpoint at the bottom",
  size: { full: 50_000, smoke: 2_000 },
  unit: "ms",
  target: { 20: 1.3, 24: 2.5 },
  check({ left, reachesBottom }, size) {
    expectEqual(left, size, "scopes that were left");
    expectEqual(reachesBottom, true, "cancelling reaches the bottom");
  },
};

/** What a checkpoint costs so far down. */
export const deepCheckpoints: Workload<{
  /** Checkpoints that were passed. */
  passed: number;
}> = {
  name: "deep-checkpoints",
  row: "1,000 nested scopes once, {size} checkpoints at the bottom",
  size: { full: 100_000, smoke: 100 },
  unit: "ms",
  target: { 20: 1.2, 24: 1.1 },
  check({ passed }, size) {
    expectEqual(passed, size, "checkpoints");
  },
};

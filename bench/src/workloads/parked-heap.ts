import { expectEqual, type Workload } from "../workload.ts";

/** What a task costs in memory while it waits. */
export const parkedHeap: Workload<{
  /** What the heap grew by while all of them waited. */
  bytes: number;
  /** Tasks that have ended in the end. */
  ended: number;
}> = {
  name: "parked-heap",
  row: "heap per parked task",
  size: { full: 100_000, smoke: 100 },
  unit: "bytes per task",
  target: { 20: 2.2, 24: 1.8 },
  check({ ended }, size) {
    expectEqual(ended, size, "tasks that ended");
  },
  value: ({ bytes }, size) => bytes / size,
};

import { watchLoopDelay } from "../loop-delay.ts";
import { expectEqual, type Workload } from "../workload.ts";

/** Two tasks that do nothing but let each other run, while a timer and a TCP echo measure whether they get a turn. */
export const pingPong: Workload<{
  /** Checkpoints of both tasks together. */
  turns: number;
  /** How often one task went on after the other, and not after itself. */
  alternations: number;
}> = {
  name: "ping-pong",
  row: "two tasks ping-pong {size} checkpoints, beside a 1 ms timer and a TCP echo",
  size: { full: 1_000_000, smoke: 1_000 },
  unit: "ms",
  target: { 20: 5.5, 24: 2 },
  check({ turns, alternations }, size) {
    expectEqual(turns, size, "checkpoints");
    // the first move, and a rare double one where a turn of the event loop ends
    if (alternations < size * 0.99 - 1)
      throw new Error(`only ${alternations} of ${size} turns were alternate`);
  },
  beside: watchLoopDelay,
};

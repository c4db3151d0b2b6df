import { type Digest, expectInOrder } from "../digest.ts";
import type { Workload } from "../workload.ts";

/** A channel in which nobody ever waits: one task puts an item in and takes it out, again and again. */
export const unparked: Workload<Digest> = {
  name: "unparked",
  row: "send into a channel with room and receive it, {size} items in one task",
  size: { full: 200_000, smoke: 200 },
  unit: "ms",
  inTable: false,
  check(digest, size) {
    expectInOrder(digest, size, 0);
  },
};

import { type Digest, expectInOrder } from "../digest.ts";
import { expectEqual, type Workload } from "../workload.ts";

/** The capacity of each channel, for the contenders. */
export const capacities = { rendezvous: 0, buffered: 64, manyToMany: 16 } as const;
/** So many senders, and so many receivers, share the channel of `channel-4x4`. */
export const crowd = 4;
/** So many channels, one after the other, make the chain. */
export const stages = 100;

/** Each item changes hands directly. */
export const rendezvous: Workload<Digest> = {
  name: "rendezvous",
  row: "rendezvous channel, 1 to 1, {size} items",
  size: { full: 200_000, smoke: 200 },
  unit: "ms",
  target: { 20: 2.2, 24: 1.7 },
  check(digest, size) {
    expectInOrder(digest, size, 0);
  },
};

/** A buffer lets the sender run ahead. */
export const channel64: Workload<Digest> = {
  name: "channel-64",
  row: `channel of ${capacities.buffered}, 1 to 1, {size} items`,
  size: { full: 200_000, smoke: 200 },
  unit: "ms",
  target: { 20: 2, 24: 1.3 },
  check(digest, size) {
    expectInOrder(digest, size, 0);
  },
};

/** Many wait at both ends; each sender sends its share of 0, 1, 2, ... in order. */
export const channel4x4: Workload<{
  /** What each receiver got. */
  received: readonly Digest[];
}> = {
  name: "channel-4x4",
  row: `channel of ${capacities.manyToMany}, ${crowd} to ${crowd}, {size} items`,
  // The smoke test is not so small: Effect lets one fiber do some thousand steps before it looks whether another waits.
  size: { full: 200_000, smoke: 40_000 },
  unit: "ms",
  target: { 20: 3, 24: 1.8 },
  check({ received }, size) {
    expectEqual(received.length, crowd, "receivers");
    expectEqual(total(received, "count"), size, "items received");
    expectEqual(total(received, "sum"), (size * (size - 1)) / 2, "sum of the items");
    for (const { count } of received)
      if (count < size / crowd / 4) throw new Error("a receiver got next to nothing");
  },
};

/** A pipeline: each stage takes an item from one channel, adds 1 and sends it into the next. */
export const channelChain: Workload<Digest> = {
  name: "channel-chain",
  row: `chain of ${stages} channel stages, {size} items`,
  size: { full: 5_000, smoke: 50 },
  unit: "ms",
  target: { 20: 2.8, 24: 1.7 },
  check(digest, size) {
    expectInOrder(digest, size, stages);
  },
};

function total(digests: readonly Digest[], field: "count" | "sum"): number {
  return digests.reduce((sum, digest) => sum + digest[field], 0);
}

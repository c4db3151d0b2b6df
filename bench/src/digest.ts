import { expectEqual } from "./workload.ts";

/** What is remembered of a stream of items: how many there were, and which, in their order. */
export class Digest {
  count = 0;
  sum = 0;
  hash = 0;

  add(item: number): void {
    this.count++;
    this.sum += item;
    this.hash = (Math.imul(this.hash, 31) + item) | 0;
  }
}

/** Throws unless the digest is that of `first`, `first + 1`, ... in this order. */
export function expectInOrder(digest: Digest, count: number, first: number): void {
  const expected = new Digest();
  for (let i = 0; i < count; i++) expected.add(first + i);
  expectEqual(digest.count, count, "items received");
  expectEqual(digest.hash, expected.hash, "digest of the items in their order");
}

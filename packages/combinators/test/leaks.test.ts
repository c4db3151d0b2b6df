import { all, allSettled, any, mapConcurrent, race, retry } from "@espalier/combinators";
import { checkpoint, sleepForever, taskTree } from "@espalier/core";
import { describe, expect, it } from "vitest";

async function usedHeap(): Promise<number> {
  for (let i = 0; i < 4; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    (globalThis as unknown as { gc: () => void }).gc();
  }
  return process.memoryUsage().heapUsed;
}

/** What the heap has grown by after many rounds, past those that warm up. */
async function growth(rounds: number, round: () => Promise<unknown>): Promise<number> {
  for (let i = 0; i < rounds / 10; i++) await round();
  const before = await usedHeap();
  for (let i = 0; i < rounds; i++) await round();
  return (await usedHeap()) - before;
}

const megabyte = 2 ** 20;

describe("memory", () => {
  it("keeps nothing of combinators that have ended, well or badly", async () => {
    const grown = await growth(1000, async () => {
      await all([() => checkpoint(), () => 1]);
      await all({ a: sleepForever, b: () => Promise.reject(new Error("no")) }).catch(() => undefined);
      await allSettled([() => Promise.reject(new Error("no")), checkpoint]);
      await race([sleepForever, () => 1]);
      await any([sleepForever, () => 1]);
      await retry({ maxAttempts: 3, delayMs: 0 }, (attempt) => {
        if (attempt < 3) throw new Error("no");
      });
      await mapConcurrent([1, 2, 3], { limit: 2 }, checkpoint);
      await mapConcurrent([1, 2, 3], { limit: 2 }, sleepForever, () => checkpoint());
    });
    expect(grown).toBeLessThan(megabyte);
    expect(taskTree().filter((root) => root.children.length > 0)).toEqual([]);
  });

  it("keeps nothing of the items and results of a long stream that have passed", async () => {
    function* items(): Generator<number[]> {
      for (let n = 0; n < 6000; n++) yield new Array<number>(1000).fill(n); // 48 MB if they stayed
    }
    let most = 0;
    const before = await usedHeap();
    await mapConcurrent(
      items(),
      { limit: 4 },
      (item) => [...item],
      async (results) => {
        let count = 0;
        for await (const result of results) {
          expect(result).toHaveLength(1000);
          if (++count % 2000 === 0) most = Math.max(most, (await usedHeap()) - before);
        }
      },
    );
    expect(most).toBeLessThan(8 * megabyte);
  });

  it("lets go of the item, the function and the result once a mapping has ended", async () => {
    let item: object | undefined = { big: true };
    let fn: (() => object) | undefined = () => ({ result: true });
    const refs = [new WeakRef(item), new WeakRef(fn)];
    await (async () => {
      const [result] = await mapConcurrent([item as object], { limit: 1 }, fn as () => object);
      refs.push(new WeakRef(result as object));
    })();
    item = fn = undefined;
    await usedHeap();
    expect(refs.map((ref) => ref.deref())).toEqual([undefined, undefined, undefined]);
  });
});

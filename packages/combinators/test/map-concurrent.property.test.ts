import { CancelScope } from "@espalier/cancel-scope";
import { mapConcurrent } from "@espalier/combinators";
import { currentTime, sleep } from "@espalier/core";
import { openNursery } from "@espalier/nursery";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seeded, virtually } from "./support.ts";

interface Item {
  /** How long the source takes to bring it; 0 is at once. */
  readonly pullMs: number;
  /** How long its call takes. */
  readonly workMs: number;
}

const item = fc.record({ pullMs: fc.integer({ min: 0, max: 6 }), workMs: fc.integer({ min: 0, max: 20 }) });
const items = fc.array(item, { maxLength: 15 });
const limit = fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constant(Infinity));

/** What has to happen, worked out item by item: when each call starts and ends. */
function model(list: readonly Item[], most: number): { starts: number[]; ends: number[] } {
  const starts: number[] = [];
  const ends: number[] = [];
  let pullerFree = 0;
  for (const { pullMs, workMs } of list) {
    const busyUntil = [...ends].filter((end) => end > pullerFree).sort((a, b) => a - b);
    // so many of those that run have to end before there is a slot
    const tooMany = busyUntil.length - most;
    const slotFree = tooMany < 0 ? pullerFree : (busyUntil[tooMany] as number);
    const start = Math.max(pullerFree, slotFree) + pullMs;
    starts.push(start);
    ends.push(start + workMs);
    pullerFree = start;
  }
  return { starts, ends };
}

/** An async source that keeps count, and says whether it was closed. */
function sourceOf(list: readonly Item[]): {
  iterable: AsyncIterable<Item & { index: number }>;
  pulled: number;
  ended: number;
  closed: number;
} {
  const source = {
    pulled: 0,
    ended: 0,
    closed: 0,
    iterable: {
      [Symbol.asyncIterator]: () => ({
        next: async () => {
          const index = source.pulled;
          const next = list[index];
          if (next === undefined) {
            source.ended++;
            return { done: true as const, value: undefined };
          }
          source.pulled++;
          if (next.pullMs > 0) await sleep(next.pullMs);
          return { done: false as const, value: { ...next, index } };
        },
        return: async () => {
          source.closed++;
          return { done: true as const, value: undefined };
        },
      }),
    },
  };
  return source;
}

describe("mapConcurrent, against a model", () => {
  it("starts and ends each call when it should, never above the limit, and orders the results", async () => {
    await fc.assert(
      fc.asyncProperty(items, limit, fc.boolean(), async (list, most, ordered) => {
        const expected = model(list, most);
        const starts: number[] = [];
        const ends: number[] = [];
        let running = 0;
        const results = await virtually(() =>
          mapConcurrent(sourceOf(list).iterable, { limit: most, ordered }, async ({ index, workMs }) => {
            expect(++running).toBeLessThanOrEqual(most);
            starts[index] = currentTime();
            await sleep(workMs);
            ends[index] = currentTime();
            running--;
            return index;
          }),
        );
        expect(starts).toEqual(expected.starts);
        expect(ends).toEqual(expected.ends);
        if (ordered) expect(results).toEqual(list.map((_, index) => index));
        else {
          expect([...results].sort((a, b) => a - b)).toEqual(list.map((_, index) => index));
          const inTime = results.map((index) => ends[index] as number);
          expect(inTime).toEqual([...inTime].sort((a, b) => a - b));
        }
      }),
      { numRuns: 150 },
    );
  });

  it("streams everything, in order, and never holds more than the limit", async () => {
    const consumerMs = fc.array(fc.integer({ min: 0, max: 10 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(items, limit, fc.boolean(), consumerMs, async (list, most, ordered, pauses) => {
        const source = sourceOf(list);
        const taken: number[] = [];
        await virtually(() =>
          mapConcurrent(
            source.iterable,
            { limit: most, ordered },
            async ({ index, workMs }) => {
              expect(source.pulled - taken.length).toBeLessThanOrEqual(most);
              await sleep(workMs);
              return index;
            },
            async (results) => {
              for await (const index of results) {
                taken.push(index);
                await sleep(pauses[taken.length % pauses.length] as number);
              }
            },
          ),
        );
        const all = list.map((_, index) => index);
        expect(ordered ? taken : [...taken].sort((a, b) => a - b)).toEqual(all);
        expect([source.ended, source.closed]).toEqual([1, 0]);
      }),
      { numRuns: 150 },
    );
  });

  it("fails at the first failure, starts nothing after it, and closes the source", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(item, { minLength: 1, maxLength: 12 }),
        limit,
        fc.nat(),
        async (list, most, nth) => {
          const culprit = nth % list.length;
          const { starts, ends } = model(list, most);
          const failsAt = ends[culprit] as number;
          const source = sourceOf(list);
          let running = 0;
          const startedLate: number[] = [];
          await virtually(async () => {
            const mapping = mapConcurrent(source.iterable, { limit: most }, async ({ index, workMs }) => {
              running++;
              if (currentTime() > failsAt) startedLate.push(index);
              try {
                await sleep(workMs);
                if (index === culprit) throw new Error("culprit");
              } finally {
                running--;
              }
            });
            await expect(mapping).rejects.toEqual(new Error("culprit"));
            expect(currentTime()).toBe(failsAt);
          });
          expect([running, startedLate]).toEqual([0, []]);
          expect(source.closed + source.ended).toBe(1);
          expect(source.pulled).toBeLessThanOrEqual(starts.filter((start) => start <= failsAt).length + 1);
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe("mapConcurrent, under any order of events", () => {
  it("is cancelled at any time without leaving a call, a pull or an open source", async () => {
    const program = fc.record({
      seed: fc.integer(),
      list: items,
      most: limit,
      ordered: fc.boolean(),
      streamed: fc.boolean(),
      cancelAt: fc.integer({ min: 0, max: 60 }),
    });
    await fc.assert(
      fc.asyncProperty(program, async ({ seed, list, most, ordered, streamed, cancelAt }) => {
        const source = sourceOf(list);
        let running = 0;
        let highest = 0;
        const call = async ({ index, workMs }: Item & { index: number }): Promise<number> => {
          highest = Math.max(highest, ++running);
          try {
            await sleep(workMs);
            return index;
          } finally {
            running--;
          }
        };
        const collected: number[] = [];
        await seeded(seed, () =>
          openNursery(async (nursery) => {
            const scope = new CancelScope();
            nursery.startSoon(
              async () => {
                await sleep(cancelAt);
                scope.cancel();
              },
              { daemon: true },
            );
            await scope.run(async () => {
              const options = { limit: most, ordered };
              if (streamed) {
                await mapConcurrent(source.iterable, options, call, async (results) => {
                  for await (const index of results) collected.push(index);
                });
              } else collected.push(...(await mapConcurrent(source.iterable, options, call)));
            });
            expect(running).toBe(0);
          }),
        );
        expect(highest).toBeLessThanOrEqual(most);
        expect(new Set(collected).size).toBe(collected.length);
        if (ordered) expect(collected).toEqual([...collected].sort((a, b) => a - b));
        expect(source.ended + source.closed).toBe(1);
      }),
      { numRuns: 200 },
    );
  });
});

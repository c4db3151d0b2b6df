import { checkpoint, run, sleep, sleepForever } from "@espalier/core";
import { currentStatus } from "@espalier/core/lowlevel";
import { flattenErrors, type Nursery, type NurseryError, openNursery, unwrapSingle } from "@espalier/nursery";
import { rejection } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

describe("many tasks", () => {
  it("100,000 sleepers in one nursery are cancelled and unwound", async () => {
    const count = 100_000;
    let unwound = 0;
    let took = 0;
    await run(async () => {
      await openNursery(async (nursery) => {
        const sleeper = async (): Promise<void> => {
          try {
            await sleep(1e9);
          } finally {
            unwound++;
          }
        };
        for (let i = 0; i < count; i++) nursery.startSoon(sleeper);
        while (currentStatus().runtime.movingTasks > 1) await checkpoint(); // until all of them sleep
        took = performance.now();
        nursery.cancelScope.cancel();
      });
      took = performance.now() - took;
      expect(currentStatus().runtime.deadlines.next).toBe(Infinity);
    });
    expect(unwound).toBe(count);
    expect(took).toBeLessThan(5000); // a tenth of that in a quiet machine
  });

  it("100,000 failures are one group of 100,000 errors", async () => {
    const count = 100_000;
    const group = (await rejection(
      openNursery((nursery) => {
        for (let i = 0; i < count; i++)
          nursery.startSoon(() => {
            throw i;
          });
      }),
    )) as NurseryError;
    expect(group.errors).toHaveLength(count);
    expect(group.message.length).toBeLessThan(2000);
  });

  it("nursery in nursery, 1,000 deep: values, cancellation and errors come through", async () => {
    const deep = (depth: number, innermost: () => unknown): Promise<unknown> =>
      openNursery(() => (depth === 1 ? innermost() : deep(depth - 1, innermost)));
    expect(await deep(1000, () => "value")).toBe("value");

    const error = new Error("innermost");
    const group = await rejection(deep(1000, () => Promise.reject(error)));
    expect(flattenErrors(group)).toEqual([error]);
    expect(unwrapSingle(group)).toBe(error);
    expect((group as Error).message.length).toBeLessThan(400); // not a thousand messages, one in the other

    let unwound = false;
    await openNursery(async (outermost) => {
      outermost.startSoon(() => deep(1000, () => sleepForever().finally(() => (unwound = true))));
      await sleep(1);
      outermost.cancelScope.cancel();
    });
    expect(unwound).toBe(true);
  });

  it("nursery in nursery, 10,000 deep: the call stack is no limit", async () => {
    const deep = (depth: number): Promise<unknown> =>
      openNursery((nursery) => {
        if (depth > 1) return deep(depth - 1);
        nursery.startSoon(() => checkpoint());
        return "value";
      });
    expect(await deep(10_000)).toBe("value");
  });

  it("task in task, 1,000 deep, each in a nursery of its own", async () => {
    const error = new Error("innermost");
    const deep = (depth: number, innermost: () => unknown): Promise<unknown> =>
      openNursery((nursery) => {
        nursery.startSoon(() => (depth === 1 ? innermost() : deep(depth - 1, innermost)));
      });
    await deep(1000, () => checkpoint());
    expect(unwrapSingle(await rejection(deep(1000, () => Promise.reject(error))))).toBe(error);
  });

  it("a nursery of 100 nurseries of 100 tasks: the failure of one cancels the other 9,999", async () => {
    let unwound = 0;
    const error = new Error("the one");
    const group = await rejection(
      openNursery((outer) => {
        for (let i = 0; i < 100; i++) {
          outer.startSoon(() =>
            openNursery((inner) => {
              for (let j = 0; j < 100; j++) {
                if (i === 57 && j === 57) inner.startSoon(() => sleep(5).then(() => Promise.reject(error)));
                else inner.startSoon(() => sleepForever().finally(() => unwound++));
              }
            }),
          );
        }
      }),
    );
    expect(unwound).toBe(9999);
    expect(unwrapSingle(group)).toBe(error);
  });

  it("children that start children, 10,000 generations", async () => {
    let generations = 0;
    await openNursery((nursery: Nursery) => {
      const child = async (): Promise<void> => {
        await checkpoint();
        if (++generations < 10_000) nursery.startSoon(child);
      };
      nursery.startSoon(child);
    });
    expect(generations).toBe(10_000);
  });

  it("10,000 nurseries, one after the other, and as many at once", async () => {
    let ended = 0;
    const one = (): Promise<unknown> => openNursery((nursery) => void nursery.startSoon(() => ended++));
    for (let i = 0; i < 10_000; i++) await one();
    await Promise.all(Array.from({ length: 10_000 }, one));
    expect(ended).toBe(20_000);
  });
});

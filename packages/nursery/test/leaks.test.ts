import { getEventListeners } from "node:events";

import { currentSignal } from "@espalier/cancel-scope";
import { checkpoint, sleep, sleepForever, taskTree } from "@espalier/core";
import { ambient, currentStatus } from "@espalier/core/lowlevel";
import { type Nursery, openNursery } from "@espalier/nursery";
import { eventually, turns } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

/** The heap in MiB after everything that can be collected has been. */
async function heap(): Promise<number> {
  for (let i = 0; i < 4; i++) {
    await turns(2);
    globalThis.gc!();
  }
  return process.memoryUsage().heapUsed / 2 ** 20;
}

const nothing = (): void => undefined;
const rounds: readonly [name: string, count: number, round: (nursery: Nursery) => Promise<unknown> | void][] =
  [
    ["tasks", 1_000_000, (nursery) => void nursery.startSoon(nothing)],
    ["tasks that wait", 200_000, (nursery) => void nursery.startSoon(() => checkpoint())],
    ["tasks that are joined", 100_000, (nursery) => nursery.startSoon(nothing).join()],
    [
      "tasks that are cancelled",
      100_000,
      (nursery) => {
        nursery.startSoon(() => sleepForever()).cancel();
      },
    ],
    ["daemons that end", 100_000, (nursery) => void nursery.startSoon(nothing, { daemon: true })],
    ["tasks with a ready signal", 100_000, (nursery) => nursery.start<void>(async (started) => started())],
    [
      "tasks that fail before it",
      50_000,
      (nursery) => nursery.start(() => Promise.reject(undefined)).catch(nothing),
    ],
    ["nurseries", 100_000, () => openNursery(nothing)],
    ["nurseries with a child", 100_000, () => openNursery((inner) => void inner.startSoon(nothing))],
    ["nurseries that fail", 20_000, () => openNursery(() => Promise.reject(undefined)).catch(nothing)],
    [
      "nurseries whose time is up",
      50_000,
      () =>
        openNursery((inner) => {
          inner.cancelScope.deadline = -1;
          inner.startSoon(() => sleep(1e9));
        }),
    ],
  ];

describe("what comes and goes leaves nothing behind", () => {
  it.skipIf(globalThis.gc === undefined).each(rounds)("%s: the heap returns", async (_name, count, round) => {
    await openNursery(async (nursery) => {
      const loop = async (times: number): Promise<void> => {
        for (let i = 0; i < times; i++) {
          const waits = round(nursery);
          if (waits !== undefined) await waits;
          if (i % 1000 === 0) while (nursery.tasks.size > 0) await checkpoint();
        }
        while (nursery.tasks.size > 0) await checkpoint();
      };
      await loop(count / 10);
      const before = await heap();
      await loop(count);
      expect((await heap()) - before).toBeLessThan(6); // 6 bytes a task would be as much, at a million
    });
  });

  it.each(rounds)("%s: no status, no waiter, no deadline, no listener", async (_name, _count, round) => {
    const before = JSON.stringify(taskTree());
    await openNursery(async (nursery) => {
      const status = currentStatus();
      for (let i = 0; i < 10; i++) await round(nursery);
      while (nursery.tasks.size > 0) await checkpoint();
      expect([status.firstChild, status.waiters]).toEqual([undefined, undefined]);
      expect(getEventListeners(currentSignal(), "abort")).toEqual([]);
    });
    expect(JSON.stringify(taskTree())).toBe(before);
    await eventually(() => ambient.deadlines.next === Infinity, "the end of all deadlines");
  });

  it.skipIf(globalThis.gc === undefined)(
    "a nursery that was left is collected, with its tasks and their values",
    async () => {
      const refs: WeakRef<object>[] = [];
      const use = async (): Promise<void> => {
        const value = { big: true };
        await openNursery((nursery) => {
          refs.push(new WeakRef(nursery), new WeakRef(value), new WeakRef(nursery.startSoon(() => value)));
          return value;
        });
      };
      await use();
      await eventually(() => {
        globalThis.gc!();
        return refs.every((ref) => ref.deref() === undefined);
      }, "the collection");
    },
  );
});

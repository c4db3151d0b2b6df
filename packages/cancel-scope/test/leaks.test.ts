import {
  abandonOnCancel,
  CancelScope,
  currentSignal,
  failAfter,
  moveOnAfter,
  shielded,
  withSignal,
} from "@espalier/cancel-scope";
import { checkpoint, sleepForever, taskTree } from "@espalier/core";
import { ambient, currentStatus } from "@espalier/core/lowlevel";
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

const settled = Promise.resolve();
const { signal } = new AbortController();
const rounds: readonly [name: string, count: number, round: () => Promise<unknown>][] = [
  ["scopes", 200_000, () => new CancelScope().run(() => undefined)],
  ["scopes with a timeout", 200_000, () => new CancelScope({ timeout: 1e9 }).run(() => undefined)],
  ["scopes that follow a signal", 100_000, () => new CancelScope({ signal }).run(() => undefined)],
  ["scopes whose signal was read", 20_000, () => new CancelScope().run(() => void currentSignal())],
  [
    "scopes that were cancelled",
    50_000,
    () =>
      new CancelScope().run((scope) => {
        scope.cancel();
        return sleepForever();
      }),
  ],
  ["time limits", 100_000, () => failAfter(1e9, () => checkpoint())],
  ["shielded blocks", 100_000, () => shielded(() => checkpoint(), { graceMs: 1e9 })],
  ["withSignal", 20_000, () => withSignal(async () => undefined)],
  ["abandonOnCancel of one promise", 50_000, () => abandonOnCancel(settled)],
];

describe("what comes and goes leaves nothing behind", () => {
  it.skipIf(globalThis.gc === undefined).each(rounds)("%s: the heap returns", async (_name, count, round) => {
    const loop = async (times: number): Promise<void> => {
      for (let i = 0; i < times; i++) {
        await round();
        if (i % 1000 === 0) await checkpoint();
      }
    };
    await new CancelScope({ timeout: 1e9 }).run(async () => {
      await loop(count / 10);
      const before = await heap();
      await loop(count);
      expect((await heap()) - before).toBeLessThan(4); // 20 bytes a round would be as much, at 200,000
    });
  });

  it.each(rounds)("%s: no status, no waiter, no deadline", async (_name, _count, round) => {
    const statuses = JSON.stringify(taskTree());
    await new CancelScope().run(async () => {
      const status = currentStatus();
      for (let i = 0; i < 10; i++) await round();
      expect(status.firstChild).toBeUndefined();
      expect(status.waiters).toBeUndefined();
    });
    expect(JSON.stringify(taskTree())).toBe(statuses);
    await eventually(() => ambient.deadlines.next === Infinity, "the end of all deadlines");
  });

  it.skipIf(globalThis.gc === undefined)(
    "a scope that was left is collected, its body's values too",
    async () => {
      const refs: WeakRef<object>[] = [];
      const use = async (): Promise<void> => {
        const scope = new CancelScope({ timeout: 1e9, signal });
        const value = { big: true };
        refs.push(new WeakRef(scope), new WeakRef(value));
        await scope.run(async () => {
          await checkpoint();
          return value;
        });
        const limited: object[] = [];
        await moveOnAfter(1e9, (given) => limited.push(given));
        refs.push(new WeakRef(limited[0]!));
      };
      await use();
      await eventually(() => {
        globalThis.gc!();
        return refs.every((ref) => ref.deref() === undefined);
      }, "the collection");
    },
  );
});

import { openMemoryChannel } from "@espalier/channel";
import { checkpoint, sleep, taskTree } from "@espalier/core";
import { openNursery } from "@espalier/nursery";
import {
  assertCheckpoints,
  cancelEverywhere,
  checkChannel,
  exploreSchedules,
  runVirtual,
  Sequencer,
} from "@espalier/testing";
import { describe, expect, it } from "vitest";

const program = (): Promise<void | undefined> =>
  openNursery((nursery) => {
    const sequencer = new Sequencer();
    for (let i = 0; i < 3; i++) nursery.startSoon(() => sequencer.at(i, () => sleep(i)));
  });

/** The growth of the heap, in bytes, over the second of two equal batches. */
async function growth(batch: () => Promise<void>): Promise<number> {
  const settle = async (): Promise<number> => {
    for (let i = 0; i < 3; i++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      globalThis.gc?.();
    }
    return process.memoryUsage().heapUsed;
  };
  await batch();
  const before = await settle();
  await batch();
  return (await settle()) - before;
}

describe("nothing is left behind by", () => {
  it.each([
    ["runVirtual", async () => void (await runVirtual(program))],
    ["exploreSchedules", () => exploreSchedules(program, { runs: 20 })],
    ["cancelEverywhere", async () => void (await cancelEverywhere(program))],
    ["assertCheckpoints", () => assertCheckpoints(() => checkpoint())],
  ])("%s", async (_name, once) => {
    const grown = await growth(async () => {
      for (let i = 0; i < 50; i++) await once();
    });
    expect(grown).toBeLessThan(1_000_000);
    expect(taskTree()).toEqual([]);
  });

  it("checkChannel", async () => {
    await checkChannel(() => openMemoryChannel(1));
    expect(taskTree()).toEqual([]);
    const listeners = process.listenerCount("unhandledRejection");
    await cancelEverywhere(program);
    expect(process.listenerCount("unhandledRejection")).toBe(listeners);
    expect(process.listenerCount("beforeExit")).toBe(0);
  });

  it("a run that has ended: its clock, tasks and values can be collected", async () => {
    const refs: WeakRef<object>[] = [];
    for (const seed of [undefined, 1]) {
      await runVirtual(
        async () => {
          const big = { payload: new Array<number>(1000).fill(1) };
          refs.push(new WeakRef(big));
          await openNursery((nursery) => void nursery.startSoon(() => sleep(big.payload.length)));
        },
        seed === undefined ? {} : { seed },
      );
    }
    for (let i = 0; i < 5; i++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      globalThis.gc?.();
    }
    expect(refs.map((ref) => ref.deref())).toEqual([undefined, undefined]);
  });
});

import { describe, expect, it } from "vitest";
import { contenders, loadContender, sizeFor, takersOf } from "../../src/contenders/index.ts";
import { Digest } from "../../src/digest.ts";
import { type Effort, jobOf, measure } from "../../src/measure.ts";
import { findWorkload, type WorkloadKey } from "../../src/workloads/find.ts";
import { type AnyWorkload, workloads } from "../../src/workloads/index.ts";

const once: Effort = { warmUp: { runs: 0, ms: 0 }, counted: { runs: 1, ms: 0 } };
const rows = Object.entries(workloads) as [WorkloadKey, AnyWorkload][];

function digestOf(items: readonly number[]): Digest {
  const digest = new Digest();
  for (const item of items) digest.add(item);
  return digest;
}

describe("contenders", () => {
  it.each(rows)("raw and espalier take part in %s", async (key) => {
    const both = ["raw", "espalier"];
    expect(await takersOf(key, both)).toEqual(both);
  });

  it("do a smaller part of what would take them minutes, and never more than is asked", () => {
    expect(sizeFor("effection", "spawn", 100_000)).toBe(5_000);
    expect(sizeFor("effection", "spawn", 100)).toBe(100);
    expect(sizeFor("espalier", "spawn", 100_000)).toBe(100_000);
  });

  it("have smaller sizes only for workloads that exist", () => {
    for (const { smaller = {} } of Object.values(contenders))
      for (const name of Object.keys(smaller)) expect(() => findWorkload(name)).not.toThrow();
  });
});

describe("findWorkload", () => {
  it.each(rows)("finds %s by its name", (key, workload) => {
    expect(findWorkload(workload.name)).toEqual({ key, workload });
  });

  it("tells which there are when there is none of that name", () => {
    expect(() => findWorkload("spwan")).toThrow(/there is no workload "spwan"; there are: spawn, /);
  });
});

describe("measure", () => {
  /** What a contender would give that leaves out a part of the job. */
  const broken: Readonly<Record<WorkloadKey, unknown>> = {
    spawn: { ended: 99 },
    nurseryTree: { leaves: 31 },
    rendezvous: digestOf([1, 0]),
    channel64: digestOf([0, 0]),
    channel4x4: { received: [digestOf([0, 1, 2]), digestOf([]), digestOf([]), digestOf([])] },
    timeLimit: { sum: 199 * 100, strikes: false },
    cancelSleepers: { cancelled: 100, cleanedUp: 99 },
    sleeps: { ended: 999 },
    sleepers: { ended: 1_000 }, // at once
    pingPong: { turns: 1_000, alternations: 2 },
    nestedScopes: { left: 2_000, reachesBottom: false },
    deepCheckpoints: { passed: 0 },
    parkedHeap: { bytes: 1, ended: 0 },
    channelChain: digestOf([100, 101]),
    echoMany: { echoes: 127, ms: 1 },
    echoOne: { echoes: 0, ms: 1 },
    nesting: { left: 99 },
    unparked: digestOf([0]),
  };

  it.each(rows)("refuses a wrong result of %s", async (key, workload) => {
    const job = (): Promise<unknown> => Promise.resolve(broken[key]);
    await expect(measure(workload, job, workload.size.smoke, once)).rejects.toThrow();
  });

  it("counts no warm-up, and stops when the time is used up", async () => {
    let runs = 0;
    const workload: AnyWorkload = { ...findWorkload("spawn").workload, check: () => undefined };
    const job = async (): Promise<void> => {
      runs++;
    };
    const counted = { runs: 3, ms: 60_000 };
    const measured = await measure(workload, job, 1, { warmUp: { runs: 2, ms: 60_000 }, counted });
    expect([runs, measured.values.length]).toEqual([5, 3]);
    const hasty = await measure(workload, job, 1, {
      warmUp: { runs: 2, ms: 0 },
      counted: { runs: 3, ms: 0 },
    });
    expect([runs, hasty.values.length]).toEqual([6, 1]);
  });

  it("measures from the job's own start to its own stop", async () => {
    const workload: AnyWorkload = { ...findWorkload("spawn").workload, check: () => undefined };
    const measured = await measure(
      workload,
      async (_size, meter) => {
        await new Promise((resolve) => setTimeout(resolve, 200));
        meter.start();
        meter.stop();
        await new Promise((resolve) => setTimeout(resolve, 200));
      },
      1,
      once,
    );
    expect(measured.values[0]).toBeLessThan(100);
  });

  it("gives the figures of what goes on beside the job", async () => {
    const { key, workload } = findWorkload("ping-pong");
    const job = jobOf(await loadContender("raw"), key);
    const measured = await measure(workload, job as NonNullable<typeof job>, workload.size.smoke, once);
    expect(Object.keys(measured.beside)).toContain("timer p99");
    expect(Object.keys(measured.beside)).toContain("echo max");
  });
});

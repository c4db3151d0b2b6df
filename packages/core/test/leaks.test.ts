import { checkpoint, currentTime, isCancelled, run, sleep, sleepForever, taskTree } from "@espalier/core";
import {
  ambient,
  currentStatus,
  ParkingLot,
  setDeadline,
  signalOf,
  whenCancelled,
} from "@espalier/core/lowlevel";
import { rejection, turns } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

import { cancel, open, scope } from "./support/scope.ts";
import { spawn } from "./support/task.ts";
import { timers, timersBackTo } from "./support/timers.ts";

/** The heap in MiB after everything that can be collected has been. */
async function heap(): Promise<number> {
  for (let i = 0; i < 4; i++) {
    await turns(2);
    globalThis.gc!();
  }
  return process.memoryUsage().heapUsed / 2 ** 20;
}

/** How many MiB `rounds` rounds of a loop leave behind, once it is warm. */
async function leftBy(rounds: number, loop: (rounds: number) => Promise<unknown>): Promise<number> {
  await loop(Math.ceil(rounds / 20));
  const before = await heap();
  await loop(rounds);
  return (await heap()) - before;
}

/** Room for what the engine keeps for itself; a leak of 10 bytes a round would be more, at a million rounds. */
const slackMiB = 8;

const million = 1_000_000;
const loops: readonly [name: string, rounds: number, loop: (rounds: number) => Promise<unknown>][] = [
  [
    "checkpoints",
    million,
    async (rounds) => {
      for (let i = 0; i < rounds; i++) await checkpoint();
    },
  ],
  [
    "refused checkpoints",
    million / 4,
    (rounds) =>
      scope(async (status) => {
        cancel(status);
        for (let i = 0; i < rounds; i++) await checkpoint().catch(() => undefined);
      }),
  ],
  [
    "statuses that are opened, bound, given a deadline and closed",
    million,
    async (rounds) => {
      const later = currentTime() + 1e9;
      for (let i = 0; i < rounds; i++) {
        const status = open();
        setDeadline(status, later);
        status.close();
        if (i % 1000 === 0) await checkpoint();
      }
    },
  ],
  [
    "statuses that are cancelled",
    million / 4,
    async (rounds) => {
      for (let i = 0; i < rounds; i++) {
        const status = open();
        whenCancelled(status, () => undefined);
        cancel(status);
        status.close();
        if (i % 1000 === 0) await checkpoint();
      }
    },
  ],
  [
    "sleeps that are cancelled",
    million / 4,
    async (rounds) => {
      for (let done = 0; done < rounds; done += 1000) {
        await scope(async (status) => {
          const sleeps = Array.from({ length: 1000 }, () => sleep(3_600_000));
          cancel(status);
          await Promise.allSettled(sleeps);
        });
      }
    },
  ],
  [
    "waits that are resumed",
    million / 2,
    async (rounds) => {
      const lot = new ParkingLot();
      for (let i = 0; i < rounds; i++) {
        const wait = lot.park("test", undefined);
        lot.unpark();
        await wait;
      }
    },
  ],
  [
    "hooks that are withdrawn from a scope that stays",
    million,
    async (rounds) => {
      const status = open();
      for (let i = 0; i < rounds; i++) whenCancelled(status, () => undefined)();
      status.close();
    },
  ],
  [
    "tasks",
    million / 4,
    async (rounds) => {
      const parent = open();
      for (let done = 0; done < rounds; done += 1000) {
        const tasks = Array.from({ length: 1000 }, () => spawn(() => checkpoint(), "task", parent));
        for (const task of tasks) await task.join();
      }
      parent.close();
    },
  ],
  [
    "runs",
    20_000,
    async (rounds) => {
      for (let i = 0; i < rounds; i++) await run(() => checkpoint());
    },
  ],
];

describe("a million come and go, and the heap returns", () => {
  it.each(loops)("%s", async (_name, rounds, loop) => {
    expect(await leftBy(rounds, loop)).toBeLessThan(slackMiB);
  });
});

describe("nothing is left behind", () => {
  it("no timer, no deadline, no branch of the task tree", async () => {
    const before = timers();
    const deadlines = ambient.deadlines.size;
    const tree = taskTree().length;
    await scope(
      async (status) => {
        const flows = [
          sleep(3_600_000),
          sleepForever(),
          scope(() => sleep(3_600_000), { deadline: currentTime() + 1e6 }),
        ];
        const task = spawn(() => sleep(3_600_000));
        await checkpoint();
        cancel(status);
        await Promise.allSettled(flows);
        await task.join().catch(() => undefined);
      },
      { deadline: currentTime() + 3_600_000 },
    );
    await timersBackTo(before);
    expect(ambient.deadlines.size).toBe(deadlines);
    expect(taskTree()).toHaveLength(tree);
    expect(currentStatus().waiters).toBeUndefined();
  });

  it("a run that failed leaves nothing either", async () => {
    const before = timers();
    await rejection(
      run(async () => {
        void sleep(3_600_000);
        void scope(() => sleep(3_600_000), { deadline: currentTime() + 1e6 }).catch(() => undefined);
        await checkpoint();
        throw new Error("x");
      }),
    );
    await timersBackTo(before);
  });

  it("a signal does not outlive its scope, nor hold it", async () => {
    let scopes: WeakRef<object>[] = [];
    const make = (): void => {
      scopes = Array.from({ length: 100 }, () => {
        const status = open();
        signalOf(status).addEventListener("abort", () => undefined);
        status.close();
        return new WeakRef(status);
      });
    };
    make();
    await heap();
    const alive = scopes.filter((each) => each.deref() !== undefined).length;
    expect(alive).toBeLessThanOrEqual(1); // the last one may still be in a register
  });

  it("a value that was delivered is not held by the operation that waited for it", async () => {
    const lot = new ParkingLot<object>();
    const waits: Promise<unknown>[] = [];
    const values: WeakRef<object>[] = [];
    const deliver = async (): Promise<void> => {
      for (let i = 0; i < 50; i++) {
        const wait = lot.park("test", undefined).then((value) => typeof value);
        waits.push(wait);
        const value = { big: new Array(1000).fill(i) };
        values.push(new WeakRef(value));
        lot.unpark(value);
        await wait;
      }
    };
    await deliver();
    await heap();
    expect(values.filter((each) => each.deref() !== undefined).length).toBeLessThanOrEqual(1);
    expect(waits).toHaveLength(50);
  });

  it("a task that has ended is held by nobody", async () => {
    const ended: WeakRef<object>[] = [];
    const make = async (): Promise<void> => {
      for (let i = 0; i < 50; i++) {
        const task = await spawn(() => checkpoint()).join();
        ended.push(new WeakRef(task));
      }
    };
    await make();
    await heap();
    expect(ended.filter((each) => each.deref() !== undefined).length).toBeLessThanOrEqual(1);
  });

  it("a million concurrent sleeps are woken, and the heap returns", async () => {
    const before = await heap();
    await (async () => {
      let woken = 0;
      const sleeps = Array.from({ length: million }, (_, i) => sleep(1 + (i % 50)).then(() => woken++));
      await Promise.all(sleeps);
      expect(woken).toBe(million);
    })();
    // the engine may keep the emptied array of the deadlines, 8 bytes an entry, until the array is next used
    const arrayMiB = (million * 8) / 2 ** 20;
    expect((await heap()) - before).toBeLessThan(slackMiB + arrayMiB);
  }, 120_000);

  it("100,000 sleepers are cancelled and unwound", async () => {
    let unwound = 0;
    await scope(async (status) => {
      const sleepers = Array.from({ length: 100_000 }, () =>
        sleep(3_600_000).catch((error: unknown) => {
          if (isCancelled(error)) unwound++;
        }),
      );
      cancel(status);
      await Promise.all(sleepers);
    });
    expect(unwound).toBe(100_000);
  });
});

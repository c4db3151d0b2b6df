import { moveOnAfter, shielded, withSignal } from "@espalier/cancel-scope";
import { openMemoryChannel, openRetryingChannel, receiveCase, select } from "@espalier/channel";
import { all, mapConcurrent, race, retry } from "@espalier/combinators";
import { rethrowIfCancelled, run, sleep, sleepUntil, currentTime, taskTree } from "@espalier/core";
import { openNursery } from "@espalier/nursery";
import { Condition, Event, Lock, Semaphore } from "@espalier/sync";
import { cancelEverywhere, exploreSchedules } from "@espalier/testing";
import { describe, expect, it } from "vitest";

/**
 * A program that touches everything: workers that take orders from a channel under a lock and a semaphore, with retries,
 * time limits and shielded cleanup; a select between two channels; combinators; a child with a ready signal; a daemon.
 */
function makeProgram(): () => Promise<number> {
  const [send, receive] = openMemoryChannel<number>(2);
  const [sendResult, receiveResult] = openMemoryChannel<number>();
  const [submit, jobs] = openRetryingChannel<string>({ maxAttempts: 3, backoff: 5 });
  const lock = new Lock();
  const permits = new Semaphore(2);
  const closing = new Event();
  const condition = new Condition();
  let stock = 0;

  async function produce(): Promise<void> {
    try {
      for (let order = 1; order <= 4; order++) {
        await send.send(order);
        await sleep(3);
      }
    } finally {
      send.close();
    }
  }

  async function consume(): Promise<void> {
    for await (const order of receive) {
      const permit = await permits.acquire();
      try {
        // It never fails: an error that is raised in a cancelled scope comes out of retry, because it may be the cleanup's.
        const value = await retry({ maxAttempts: 2, delayMs: 2 }, () => sleep(1).then(() => order * 10));
        const guard = await lock.acquire();
        try {
          await sleep(1);
        } finally {
          guard[Symbol.dispose]();
        }
        await sendResult.send(value);
      } finally {
        permit[Symbol.dispose]();
      }
    }
  }

  async function heartbeat(started: (at: number) => void): Promise<void> {
    started(currentTime());
    for (;;) await sleep(2);
  }

  async function restock(): Promise<void> {
    await sleep(4);
    using guard = await condition.acquire();
    void guard;
    stock++;
    condition.notify();
  }

  async function buy(): Promise<void> {
    const guard = await condition.acquire();
    try {
      await condition.waitFor(guard, () => stock > 0);
      stock--;
    } finally {
      guard[Symbol.dispose]();
    }
  }

  return async () => {
    let sum = 0;
    await openNursery(async (nursery) => {
      await nursery.start<number>(heartbeat, { daemon: true });
      nursery.startSoon(produce);
      const workers = [nursery.startSoon(consume), nursery.startSoon(consume)];
      nursery.startSoon(restock);
      nursery.startSoon(buy);
      nursery.startSoon(async () => {
        const [silentSend, silent] = openMemoryChannel<number>();
        for (let i = 0; i < 4; i++) {
          const { value } = await select([receiveCase(silent), receiveCase(receiveResult)]);
          sum += value;
        }
        silentSend.close();
        closing.set();
      });
      nursery.startSoon(() => jobs.process(async (job) => void (await sleep(job.length))), { daemon: true });
      await submit.send("job");
      const [one, two] = await all([async () => sleep(1).then(() => 1), () => 2]);
      sum += one + two;
      await race([() => sleep(2), () => sleep(50)]);
      const mapped = await mapConcurrent([1, 2, 3], { limit: 2 }, async (n) => sleep(n).then(() => n));
      sum += mapped.length; // not `sum += (await ...).length`, which reads sum before the await: the schedules found that
      await moveOnAfter(3, async () => {
        try {
          await sleepUntil(currentTime() + 1000);
        } finally {
          await shielded(() => sleep(2), { graceMs: 10 });
        }
      });
      await withSignal(async (signal) => {
        try {
          signal.throwIfAborted();
        } catch (error) {
          rethrowIfCancelled(error);
        }
      });
      await closing.wait();
      for (const worker of workers) await worker.join();
    });
    return sum;
  };
}

describe("a program that uses everything", () => {
  it("ends well, in many orders of events", async () => {
    await exploreSchedules(async () => expect(await makeProgram()()).toBe(106), { runs: 50, seed: 1 });
  });

  it("leaves nothing behind, whichever of its checkpoints is cancelled: laws 1, 2, 3, 5", async () => {
    const report = await cancelEverywhere(makeProgram);
    expect(report.complete).toBe(true);
    expect(report.checkpoints).toBeGreaterThan(60);
  });

  it("leaves nothing behind in other orders of events either", async () => {
    for (const seed of [1, 2, 3]) expect((await cancelEverywhere(makeProgram, { seed })).complete).toBe(true);
  });

  it("law 10: runs without run(), and in real time", async () => {
    expect(await makeProgram()()).toBe(106);
    expect(await run(makeProgram())).toBe(106);
    expect(taskTree()).toEqual([]);
  });
});

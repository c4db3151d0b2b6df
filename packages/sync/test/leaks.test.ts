import { Barrier, CapacityLimiter, Condition, Event, Lock, RwLock, Semaphore } from "@espalier/sync";
import { beforeAll, describe, expect, it } from "vitest";

import { flow } from "./support/flow.ts";
import { settled } from "./support/settled.ts";

/** Collects until nothing more goes; finalisation needs turns of the event loop. */
async function collect(): Promise<void> {
  for (let i = 0; i < 5; i++) {
    await settled();
    (globalThis as unknown as { gc: () => void }).gc();
  }
}

async function heapUsed(): Promise<number> {
  await collect();
  return process.memoryUsage().heapUsed;
}

/** Something is waited for that does not come; each is asked for one wait, which will be cancelled. */
const waits: Record<string, () => () => Promise<unknown>> = {
  "Event.wait": () => {
    const event = new Event();
    return () => event.wait();
  },
  "Lock.acquire": () => {
    const lock = new Lock();
    lock.acquireNowait();
    return () => lock.acquire();
  },
  "Semaphore.acquire": () => {
    const semaphore = new Semaphore(0);
    return () => semaphore.acquire();
  },
  "CapacityLimiter.acquire": () => {
    const limiter = new CapacityLimiter(0);
    return () => limiter.acquire();
  },
  "CapacityLimiter.acquireOnBehalfOf": () => {
    const limiter = new CapacityLimiter(0);
    return () => limiter.acquireOnBehalfOf({});
  },
  "Condition.wait": () => {
    const condition = new Condition();
    return async () => {
      using guard = await condition.acquire();
      await condition.wait(guard);
    };
  },
  "Condition.waitFor": () => {
    const condition = new Condition();
    return async () => {
      using guard = await condition.acquire();
      await condition.waitFor(guard, () => false);
    };
  },
  "Barrier.wait": () => {
    const barrier = new Barrier(1000);
    return () => barrier.wait();
  },
  "RwLock.read": () => {
    const lock = new RwLock();
    lock.writeNowait();
    return () => lock.read();
  },
  "RwLock.write": () => {
    const lock = new RwLock();
    lock.readNowait();
    return () => lock.write();
  },
};

describe("leaks", () => {
  beforeAll(() => {
    expect(globalThis).toHaveProperty("gc");
  });

  for (const [name, make] of Object.entries(waits)) {
    it(`${name}: 20,000 waits that were cancelled leave nothing`, async () => {
      const wait = make();
      const rounds = async (count: number): Promise<void> => {
        for (let i = 0; i < count; i++) {
          const flows = Array.from({ length: 100 }, () => flow(wait));
          if (name.startsWith("Condition")) await settled();
          for (const each of flows) {
            each.cancel();
            each.leave();
          }
          await Promise.all(flows.map((each) => each.ended));
        }
      };
      await rounds(20); // what the engine keeps for itself
      const before = await heapUsed();
      await rounds(200);
      // 100 bytes for each would already be 2 MB
      expect((await heapUsed()) - before).toBeLessThan(1_500_000);
    });
  }

  it("what was given back keeps nothing alive", async () => {
    const kept = [new Lock(), new Semaphore(1), new CapacityLimiter(1)] as const;
    const guards = await Promise.all(
      kept.map(async (each) => {
        const guard = await each.acquire();
        guard.release();
        return new WeakRef(guard);
      }),
    );
    const borrower = await (async () => {
      const worker = {};
      await kept[2].acquireOnBehalfOf(worker);
      kept[2].releaseOnBehalfOf(worker);
      return new WeakRef(worker);
    })();
    await collect();
    expect(guards.map((each) => each.deref())).toEqual([undefined, undefined, undefined]);
    expect(borrower.deref()).toBeUndefined();
    expect(kept).toHaveLength(3);
  });

  it("a primitive is collected although its guard was never released", async () => {
    const forget = (): WeakRef<object>[] => {
      const lock = new Lock();
      lock.acquireNowait();
      const rwLock = new RwLock();
      rwLock.writeNowait();
      return [new WeakRef(lock), new WeakRef(rwLock)];
    };
    const forgotten = forget();
    await collect();
    expect(forgotten.map((each) => each.deref())).toEqual([undefined, undefined]);
  });
});

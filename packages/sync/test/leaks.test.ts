import { Barrier, CapacityLimiter, Condition, Event, Lock, RwLock, Semaphore } from "@espalier/sync";
import { beforeAll, describe, expect, it } from "vitest";

import { flow } from "./support/flow.ts";
import { settled } from "./support/settled.ts";

/** Collects until nothing more goes; finalisation needs turns of the event loop. */
async function collect(): Promise<void> {
  for (let i = 0; i < 3; i++) {
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

  // Of many, nearly all must go: some engines take a stale word on the stack for a reference, and keep one or two.
  const many = 100;
  const alive = (refs: readonly WeakRef<object>[]): number =>
    refs.filter((each) => each.deref() !== undefined).length;

  it("what was given back keeps nothing alive", async () => {
    const [lock, semaphore, limiter] = [new Lock(), new Semaphore(1), new CapacityLimiter(1)];
    const released: WeakRef<object>[] = [];
    for (let i = 0; i < many; i++) {
      for (const each of [lock, semaphore, limiter]) {
        const guard = await each.acquire();
        guard.release();
        released.push(new WeakRef(guard));
      }
      const borrower = { i };
      await limiter.acquireOnBehalfOf(borrower);
      limiter.releaseOnBehalfOf(borrower);
      released.push(new WeakRef(borrower));
    }
    await collect();
    expect(alive(released)).toBeLessThan(many / 5);
    for (const each of [lock, semaphore, limiter]) each.acquireNowait(); // they themselves live until here
  });

  it("a primitive is collected although its guard was never released", async () => {
    const forgotten: WeakRef<object>[] = [];
    for (let i = 0; i < many; i++) {
      const lock = new Lock();
      lock.acquireNowait();
      const rwLock = new RwLock();
      rwLock.writeNowait();
      forgotten.push(new WeakRef(lock), new WeakRef(rwLock));
    }
    await collect();
    expect(alive(forgotten)).toBeLessThan(many / 5);
  });
});

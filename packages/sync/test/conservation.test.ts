import { checkpoint, sleep } from "@espalier/core";
import { MockClock, randomFrom, runWith, SeededScheduler } from "@espalier/core/testing";
import { Barrier, CapacityLimiter, Condition, type Guard, Lock, RwLock, Semaphore } from "@espalier/sync";
import { describe, expect, it } from "vitest";

import { type Flow, flow } from "./support/flow.ts";

/*
 * Many flows, cancelled at random moments of virtual time, in random orders of resumption: whatever happens, no permit is
 * lost, none is made up, and nobody waits for ever.
 */

const seeds = 200;

/** A contended thing, as the flows use it. */
interface Contended {
  /** Gets in, one way or another. */
  enter(random: () => number): Promise<Guard>;
  /** Called while inside; must throw if somebody is in who must not be. */
  checkInside(): void;
  /** Nobody is in, nobody waits, everything is there. */
  expectEmpty(): void;
  assertInvariants(): void;
}

const things: Record<string, () => Contended> = {
  Lock: () => {
    const lock = new Lock();
    return {
      enter: () => lock.acquire(),
      checkInside: () => expect(lock.locked).toBe(true),
      expectEmpty: () =>
        expect(lock.statistics()).toEqual({ locked: false, owner: undefined, tasksWaiting: 0 }),
      assertInvariants: () => lock.assertInvariants(),
    };
  },
  Semaphore: () => {
    const semaphore = new Semaphore(3, { maxValue: 3 });
    return {
      enter: () => semaphore.acquire(),
      checkInside: () => expect(semaphore.value).toBeLessThan(3),
      expectEmpty: () => expect([semaphore.value, semaphore.statistics().tasksWaiting]).toEqual([3, 0]),
      assertInvariants: () => semaphore.assertInvariants(),
    };
  },
  CapacityLimiter: () => {
    const limiter = new CapacityLimiter(2);
    return {
      enter: (random) => {
        limiter.totalTokens = 1 + Math.floor(random() * 4);
        return random() < 0.5 ? limiter.acquire() : limiter.acquireOnBehalfOf({});
      },
      checkInside: () => expect(limiter.borrowedTokens).toBeGreaterThan(0),
      expectEmpty: () => expect([limiter.borrowedTokens, limiter.statistics().tasksWaiting]).toEqual([0, 0]),
      assertInvariants: () => limiter.assertInvariants(),
    };
  },
  RwLock: () => {
    const lock = new RwLock();
    return {
      enter: (random) => (random() < 0.6 ? lock.read() : lock.write()),
      checkInside: () => {
        const { activeReaders, activeWriters } = lock.statistics();
        expect(activeWriters === 0 ? activeReaders > 0 : activeWriters === 1 && activeReaders === 0).toBe(
          true,
        );
      },
      expectEmpty: () =>
        expect(lock.statistics()).toEqual({
          activeReaders: 0,
          activeWriters: 0,
          tasksWaitingRead: 0,
          tasksWaitingWrite: 0,
        }),
      assertInvariants: () => lock.assertInvariants(),
    };
  },
};

/** Runs a program once for each seed, in a run of its own; the failing seed is in the error. */
async function forEachSeed(body: (random: () => number) => Promise<void>): Promise<void> {
  for (let seed = 0; seed < seeds; seed++) {
    await runWith(() => body(randomFrom(seed + 1_000_000)), {
      clock: new MockClock({ autojumpThresholdMs: 0 }),
      scheduler: new SeededScheduler(seed),
      deadlockWhenBlocked: true,
    }).catch((error: unknown) => {
      throw new Error(`with seed ${seed}`, { cause: error });
    });
  }
}

describe("conservation", () => {
  for (const [name, make] of Object.entries(things)) {
    it(`${name}: no permit is lost or made up, and nobody waits for ever`, async () => {
      await forEachSeed(async (random) => {
        const it = make();
        const outcomes = { through: 0, cancelled: 0 };
        const visitors: Flow<void>[] = Array.from({ length: 12 }, () =>
          flow(async () => {
            await sleep(random() * 20);
            for (let round = 0; round < 3; round++) {
              using _guard = await it.enter(random);
              it.checkInside();
              it.assertInvariants();
              if (random() < 0.5) await sleep(random() * 10);
              else await checkpoint();
              it.checkInside();
            }
          }),
        );
        const killers = visitors.map(async (visitor) => {
          if (random() < 0.5) return;
          await sleep(random() * 40);
          visitor.cancel();
          it.assertInvariants();
        });
        await Promise.all([...visitors.map((each) => each.ended), ...killers]);
        for (const each of visitors) {
          if (each.state === "failed") throw each.error;
          outcomes[each.state === "done" ? "through" : "cancelled"]++;
        }
        expect(outcomes.through + outcomes.cancelled).toBe(12);
        it.expectEmpty();
        it.assertInvariants();
      });
    });
  }

  it("Condition: a queue of items built on it loses none, whoever is cancelled", async () => {
    await forEachSeed(async (random) => {
      const condition = new Condition();
      const items: number[] = [];
      const taken: number[] = [];
      let closed = false;
      const consumers = Array.from({ length: 5 }, (_, i) =>
        flow(async () => {
          for (;;) {
            using guard = await condition.acquire();
            await condition.waitFor(guard, () => items.length > 0 || closed);
            const item = items.shift();
            if (item === undefined) return;
            taken.push(item);
            if (i > 0) await sleep(random() * 3);
          }
        }),
      );
      const killers = consumers.slice(1).map(async (consumer) => {
        await sleep(random() * 60);
        consumer.cancel();
        condition.assertInvariants();
      });
      const producer = flow(async () => {
        for (let item = 0; item < 20; item++) {
          await sleep(random() * 5);
          using _guard = await condition.acquire();
          items.push(item);
          condition.notify(); // one at a time: a lost one would leave the item lying, and in the end everybody waiting
        }
      });
      await Promise.all([producer.ended, ...killers]);
      {
        using _guard = await condition.acquire();
        closed = true;
        condition.notifyAll();
      }
      await Promise.all(consumers.map((each) => each.ended));
      expect(taken).toEqual(Array.from({ length: 20 }, (_, i) => i));
      expect(condition.statistics()).toEqual({
        tasksWaiting: 0,
        lockStatistics: { locked: false, owner: undefined, tasksWaiting: 0 },
      });
    });
  });

  it("Barrier: every opening lets exactly its parties through", async () => {
    await forEachSeed(async (random) => {
      const barrier = new Barrier(3);
      const places: number[] = [];
      const visitors = Array.from({ length: 10 }, () =>
        flow(async () => {
          for (;;) {
            await sleep(random() * 10);
            places.push(await barrier.wait());
          }
        }),
      );
      await Promise.all(
        visitors.map(async (visitor) => {
          await sleep(10 + random() * 50);
          visitor.cancel();
          barrier.assertInvariants();
        }),
      );
      await Promise.all(visitors.map((each) => each.ended));
      const counts = [0, 1, 2].map((place) => places.filter((each) => each === place).length);
      expect(counts).toEqual([counts[0], counts[0], counts[0]]);
      expect(counts[0]).toBeGreaterThan(0);
      expect(barrier.statistics().tasksWaiting).toBe(0);
    });
  });
});

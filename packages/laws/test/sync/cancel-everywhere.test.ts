import { checkpoint, sleep } from "@espalier/core";
import { openNursery } from "@espalier/nursery";
import {
  Barrier,
  CapacityLimiter,
  Condition,
  Event,
  type Guard,
  Lock,
  RwLock,
  Semaphore,
} from "@espalier/sync";
import { expect } from "vitest";

import { allCancelledEverywhere, type Program } from "../everywhere.ts";

/*
 * Laws 4 to 6 for each primitive: programs that contend for it, cancelled at every checkpoint in turn, on entry and while
 * they wait. Afterwards nothing may be held and nobody may be in line.
 */

/** Four tasks that each enter twice. */
function contend(enter: (i: number) => Promise<Guard>): Promise<unknown> {
  return openNursery((nursery) => {
    for (let i = 0; i < 4; i++) {
      nursery.startSoon(async () => {
        for (let round = 0; round < 2; round++) {
          using _guard = await enter(i);
          if (i % 2 === 0) await sleep(5);
          else await checkpoint();
        }
      });
    }
  });
}

const programs: Record<string, () => Program> = {
  Event: () => {
    const event = new Event();
    return {
      main: () =>
        openNursery(async (nursery) => {
          for (let i = 0; i < 3; i++) nursery.startSoon(() => event.wait());
          await sleep(5);
          event.set();
          await event.wait();
        }),
      check: () => {
        event.assertInvariants();
        expect(event.statistics().tasksWaiting).toBe(0);
      },
    };
  },
  Lock: () => {
    const lock = new Lock();
    return {
      main: () => contend(() => lock.acquire()),
      check: () => {
        lock.assertInvariants();
        expect(lock.statistics()).toEqual({ locked: false, owner: undefined, tasksWaiting: 0 });
      },
    };
  },
  Semaphore: () => {
    const semaphore = new Semaphore(2, { maxValue: 2 });
    return {
      main: () => contend(() => semaphore.acquire()),
      check: () => {
        semaphore.assertInvariants();
        expect([semaphore.value, semaphore.statistics().tasksWaiting]).toEqual([2, 0]);
      },
    };
  },
  CapacityLimiter: () => {
    const limiter = new CapacityLimiter(1);
    return {
      main: () =>
        contend((i) => {
          limiter.totalTokens = 1 + (i % 3);
          return i < 2 ? limiter.acquire() : limiter.acquireOnBehalfOf({ i });
        }),
      check: () => {
        limiter.assertInvariants();
        expect([limiter.borrowedTokens, limiter.statistics().tasksWaiting]).toEqual([0, 0]);
      },
    };
  },
  RwLock: () => {
    const lock = new RwLock();
    return {
      main: () => contend((i) => (i === 1 ? lock.write() : lock.read())),
      check: () => {
        lock.assertInvariants();
        expect(lock.statistics()).toEqual({
          activeReaders: 0,
          activeWriters: 0,
          tasksWaitingRead: 0,
          tasksWaitingWrite: 0,
        });
      },
    };
  },
  Condition: () => {
    const condition = new Condition();
    const items: number[] = [];
    return {
      main: () =>
        openNursery(async (nursery) => {
          for (let i = 0; i < 3; i++) {
            nursery.startSoon(async () => {
              using guard = await condition.acquire();
              if (i === 0) await condition.wait(guard);
              else await condition.waitFor(guard, () => items.shift());
              await checkpoint();
            });
          }
          for (let i = 1; i < 4; i++) {
            await sleep(5);
            using _guard = await condition.acquire();
            items.push(i);
            condition.notify();
            await checkpoint();
          }
        }),
      check: () => {
        condition.assertInvariants();
        expect(condition.statistics()).toEqual({
          tasksWaiting: 0,
          lockStatistics: { locked: false, owner: undefined, tasksWaiting: 0 },
        });
      },
    };
  },
  Barrier: () => {
    const barrier = new Barrier(3);
    return {
      main: () =>
        openNursery((nursery) => {
          for (let i = 0; i < 3; i++) {
            nursery.startSoon(async () => {
              for (let round = 0; round < 2; round++) {
                await sleep(i);
                await barrier.wait();
              }
            });
          }
        }),
      check: () => {
        barrier.assertInvariants();
        expect(barrier.statistics().tasksWaiting).toBe(0);
      },
    };
  },
};

allCancelledEverywhere(programs);

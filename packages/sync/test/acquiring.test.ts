import { Cancelled, checkpoint, formatTaskTree, run, WouldBlock } from "@espalier/core";
import { MockClock, waitAllTasksBlocked } from "@espalier/core/testing";
import { CapacityLimiter, Condition, type Guard, Lock, RwLock, Semaphore } from "@espalier/sync";
import { rejection, thrownBy, unhandledDuring } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

import { flow, inCancelledScope } from "./support/flow.ts";
import { checkpointsOf } from "./support/probed.ts";
import { settled } from "./support/settled.ts";

/*
 * What everything has in common that can be acquired: each of them here with room for one.
 */

interface Acquirable {
  /** Takes the only place. */
  fill(): Guard;
  acquire(): Promise<Guard>;
  nowait(): Guard;
  /** All that can be seen of it. */
  seen(): unknown;
  waiting(): number;
  assertInvariants(): void;
}

const kinds: Record<string, () => Acquirable> = {
  "Lock.acquire": () => {
    const lock = new Lock();
    return {
      fill: () => lock.acquireNowait(),
      acquire: () => lock.acquire(),
      nowait: () => lock.acquireNowait(),
      seen: () => [lock.locked, lock.statistics()],
      waiting: () => lock.statistics().tasksWaiting,
      assertInvariants: () => lock.assertInvariants(),
    };
  },
  "Condition.acquire": () => {
    const condition = new Condition();
    return {
      fill: () => condition.acquireNowait(),
      acquire: () => condition.acquire(),
      nowait: () => condition.acquireNowait(),
      seen: () => [condition.locked, condition.statistics()],
      waiting: () => condition.statistics().lockStatistics.tasksWaiting,
      assertInvariants: () => condition.assertInvariants(),
    };
  },
  "Semaphore.acquire": () => {
    const semaphore = new Semaphore(1, { maxValue: 1 });
    return {
      fill: () => semaphore.acquireNowait(),
      acquire: () => semaphore.acquire(),
      nowait: () => semaphore.acquireNowait(),
      seen: () => [semaphore.value, semaphore.statistics()],
      waiting: () => semaphore.statistics().tasksWaiting,
      assertInvariants: () => semaphore.assertInvariants(),
    };
  },
  "CapacityLimiter.acquire": () => {
    const limiter = new CapacityLimiter(1);
    return {
      fill: () => limiter.acquireNowait(),
      acquire: () => limiter.acquire(),
      nowait: () => limiter.acquireNowait(),
      seen: () => [limiter.availableTokens, limiter.statistics()],
      waiting: () => limiter.statistics().tasksWaiting,
      assertInvariants: () => limiter.assertInvariants(),
    };
  },
  "CapacityLimiter.acquireOnBehalfOf": () => {
    const limiter = new CapacityLimiter(1);
    return {
      fill: () => limiter.acquireOnBehalfOfNowait({}),
      acquire: () => limiter.acquireOnBehalfOf({}),
      nowait: () => limiter.acquireOnBehalfOfNowait({}),
      seen: () => [limiter.availableTokens, limiter.statistics()],
      waiting: () => limiter.statistics().tasksWaiting,
      assertInvariants: () => limiter.assertInvariants(),
    };
  },
  "RwLock.write": () => {
    const lock = new RwLock();
    return {
      fill: () => lock.writeNowait(),
      acquire: () => lock.write(),
      nowait: () => lock.writeNowait(),
      seen: () => lock.statistics(),
      waiting: () => lock.statistics().tasksWaitingWrite,
      assertInvariants: () => lock.assertInvariants(),
    };
  },
  "RwLock.read, behind a writer": () => {
    const lock = new RwLock();
    return {
      fill: () => lock.writeNowait(),
      acquire: () => lock.read(),
      nowait: () => lock.readNowait(),
      seen: () => lock.statistics(),
      waiting: () => lock.statistics().tasksWaitingRead,
      assertInvariants: () => lock.assertInvariants(),
    };
  },
};

for (const [name, make] of Object.entries(kinds)) {
  const readersShare = name.startsWith("RwLock.read");

  describe(name, () => {
    it("succeeds at once when there is room", async () => {
      const it = make();
      const before = it.seen();
      const guard = await it.acquire();
      expect(it.seen()).not.toEqual(before);
      guard.release();
      expect(it.seen()).toEqual(before);
      it.assertInvariants();
    });

    it("blocks while there is none, then succeeds", async () => {
      const it = make();
      const held = it.fill();
      const waiter = flow(() => it.acquire());
      await settled();
      expect(waiter.state).toBe("running");
      expect(it.waiting()).toBe(1);
      held.release();
      expect(it.waiting()).toBe(0);
      await waiter.ended;
      expect(waiter.state).toBe("done");
      it.assertInvariants();
    });

    it("law 4: is a checkpoint also where it need not wait", async () => {
      const it = make();
      expect(await checkpointsOf(() => it.acquire())).toEqual(["cancel point", "schedule point"]);
    });

    it("law 4: cancelled before, it raises and does nothing, with room and without", async () => {
      const it = make();
      const empty = it.seen();
      expect(await rejection(inCancelledScope(() => it.acquire()))).toBeInstanceOf(Cancelled);
      expect(it.seen()).toEqual(empty);
      it.fill();
      const full = it.seen();
      expect(await rejection(inCancelledScope(() => it.acquire()))).toBeInstanceOf(Cancelled);
      expect(it.seen()).toEqual(full);
      it.assertInvariants();
    });

    it("law 5: cancelled while blocked, it is gone from the line at once and nothing has changed", async () => {
      const it = make();
      const held = it.fill();
      const full = it.seen();
      const waiter = flow(() => it.acquire());
      await settled();
      waiter.cancel();
      expect(it.seen()).toEqual(full);
      it.assertInvariants();
      await waiter.ended;
      expect(waiter.state).toBe("cancelled");
      held.release();
      (await it.acquire()).release();
    });

    it("law 5: a waiter cancelled in the middle of the line leaves the others their places", async () => {
      const it = make();
      const held = it.fill();
      const order: string[] = [];
      const waiters = ["a", "b", "c"].map((letter) =>
        flow(async () => {
          using _guard = await it.acquire();
          order.push(letter);
          await checkpoint();
        }),
      );
      waiters[1]?.cancel();
      held.release();
      await Promise.all(waiters.map((each) => each.ended));
      expect(order).toEqual(["a", "c"]);
    });

    it("law 6: a waiter that was given its guard keeps it although it is cancelled before it runs", async () => {
      const it = make();
      const empty = it.seen();
      const held = it.fill();
      const afterwards: unknown[] = [];
      const waiter = flow(async () => {
        using _guard = await it.acquire();
        afterwards.push("has it");
        await checkpoint().catch((error: unknown) => afterwards.push(error));
      });
      held.release();
      waiter.cancel();
      await waiter.ended;
      expect(afterwards).toEqual(["has it", expect.any(Cancelled)]);
      expect(it.seen()).toEqual(empty);
    });

    it("law 7: a wait that is still parked when its scope is left gives up, and crashes nothing", async () => {
      const it = make();
      const held = it.fill();
      const full = it.seen();
      const unhandled = await unhandledDuring(async () => {
        const scope = flow(async () => {
          void it.acquire();
        });
        await scope.ended;
        scope.leave();
      });
      expect(unhandled).toEqual([]);
      expect(it.seen()).toEqual(full);
      held.release();
    });

    it("law 8: serves first come, first served", async () => {
      const it = make();
      const held = it.fill();
      const order: number[] = [];
      const waiters = Array.from({ length: 20 }, (_, i) =>
        flow(async () => {
          using _guard = await it.acquire();
          order.push(i);
        }),
      );
      held.release();
      await Promise.all(waiters.map((each) => each.ended));
      expect(order).toEqual(Array.from({ length: 20 }, (_, i) => i));
    });

    it("a nowait call succeeds or says that it would have to wait, and how", async () => {
      const it = make();
      const guard = it.nowait();
      guard.release();
      it.fill();
      const error = thrownBy(() => it.nowait());
      expect(error).toBeInstanceOf(WouldBlock);
      expect((error as Error).message).toMatch(/(acquire|read|write)\(\) would wait/);
    });

    it("a nowait call works in a cancelled scope, and so does giving back", async () => {
      const it = make();
      const empty = it.seen();
      await inCancelledScope(async () => {
        it.nowait()[Symbol.dispose]();
      });
      expect(it.seen()).toEqual(empty);
    });

    it("giving back twice is harmless, also when somebody else has it by then", async () => {
      const it = make();
      const empty = it.seen();
      const guard = it.fill();
      const next = flow(() => it.acquire());
      guard[Symbol.dispose]();
      await next.ended;
      const taken = it.seen();
      guard[Symbol.dispose]();
      guard.release();
      expect(it.seen()).toEqual(taken);
      next.value?.release();
      next.value?.release();
      expect(it.seen()).toEqual(empty);
      it.assertInvariants();
    });

    it("one that is made in one run can be used from another", async () => {
      const it = make();
      const held = it.fill();
      const other = run(async () => {
        using _guard = await it.acquire();
        return "inside";
      });
      await settled();
      held.release();
      expect(await other).toBe("inside");
    });

    it("shows in the task tree what it waits for", async () => {
      const it = make();
      it.fill();
      await run(
        async () => {
          const waiter = flow(() => it.acquire());
          await waitAllTasksBlocked();
          expect(formatTaskTree()).toMatch(
            /waiting for (lock\.acquire|semaphore\.acquire|capacityLimiter\.acquire|rwLock\.(read|write))/,
          );
          waiter.cancel();
          await waiter.ended;
        },
        { clock: new MockClock() },
      );
    });

    if (readersShare) return; // and nothing below would contend

    it("a nowait call does not overtake the waiter, before and after the hand-over", async () => {
      const it = make();
      const held = it.fill();
      const waiter = flow(() => it.acquire());
      expect(thrownBy(() => it.nowait())).toBeInstanceOf(WouldBlock);
      held.release();
      expect(thrownBy(() => it.nowait())).toBeInstanceOf(WouldBlock);
      await waiter.ended;
      waiter.value?.release();
      it.nowait().release();
    });

    it("who releases and acquires again goes to the end of the line", async () => {
      const it = make();
      const order: string[] = [];
      const rounds = async (letter: string): Promise<void> => {
        for (let i = 0; i < 3; i++) {
          using _guard = await it.acquire();
          order.push(letter);
          await checkpoint();
        }
      };
      await Promise.all([rounds("a"), rounds("b")]);
      expect(order.join("")).toBe("ababab");
    });

    it("two flows of one task under Promise.all contend like anybody else", async () => {
      const it = make();
      let inside = 0;
      const enter = async (): Promise<void> => {
        using _guard = await it.acquire();
        expect(++inside).toBe(1);
        await checkpoint();
        inside--;
      };
      await run(async () => {
        await Promise.all([enter(), enter(), enter()]);
      });
    });

    it("law 10: two callers outside every task contend as well", async () => {
      const it = make();
      let inside = 0;
      const enter = async (): Promise<void> => {
        using _guard = await it.acquire();
        expect(++inside).toBe(1);
        await new Promise((resolve) => setImmediate(resolve));
        inside--;
      };
      await Promise.all([enter(), enter(), enter()]);
    });
  });
}

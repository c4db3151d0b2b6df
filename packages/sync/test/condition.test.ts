import { Cancelled, checkpoint, MisuseError } from "@espalier/core";
import { ambient, CancelStatus, currentStatus, runIn } from "@espalier/core/lowlevel";
import { attachProbe, runWith, SeededScheduler, waitAllTasksBlocked } from "@espalier/core/testing";
import { Condition, Lock, type LockGuard } from "@espalier/sync";
import { rejection, thrownBy, unhandledDuring } from "@espalier/test-support";
import { describe, expect, it, vi } from "vitest";

import { type Flow, flow, inCancelledScope } from "./support/flow.ts";
import { checkpointsOf } from "./support/probed.ts";
import { settled } from "./support/settled.ts";

/** A flow that takes the lock, waits once, and notes how that ended and whether it had the lock then. */
function sleeper(condition: Condition, log: string[], name: string): Flow<void> {
  return flow(async () => {
    using guard = await condition.acquire();
    const holds = (): string =>
      condition.statistics().lockStatistics.owner === guard ? "" : " without lock";
    try {
      await condition.wait(guard);
      log.push(`${name} woke${holds()}`);
    } catch (error) {
      log.push(`${name} ${(error as Error).name}${holds()}`);
      throw error;
    }
  });
}

/** As many sleepers, asleep. */
async function sleepers(condition: Condition, log: string[], names: string): Promise<Flow<void>[]> {
  const flows = names.split("").map((name) => sleeper(condition, log, name));
  await settled();
  expect(condition.statistics().tasksWaiting).toBe(names.length);
  expect(condition.locked).toBe(false);
  return flows;
}

async function notify(condition: Condition, n?: number): Promise<void> {
  using _guard = await condition.acquire();
  condition.notify(n);
  condition.assertInvariants();
}

describe("Condition(lock), of another installed copy of the package (law 12)", () => {
  it("stands on the lock, and takes its guards", async () => {
    vi.resetModules();
    const other = (await import("@espalier/sync")) as typeof import("@espalier/sync");
    const lock = new other.Lock();
    const condition = new Condition(lock as unknown as Lock);
    const waiting = (async () => {
      using guard = await lock.acquire();
      await condition.wait(guard as unknown as LockGuard);
      return lock.locked;
    })();
    await settled();
    expect(lock.locked).toBe(false);
    using guard = await condition.acquire();
    condition.notify();
    guard.release();
    expect(await waiting).toBe(true);
    expect(lock.locked).toBe(false);
  });
});

describe("new Condition", () => {
  it("makes a lock of its own, or stands over one that is given", async () => {
    const own = new Condition();
    expect(own.locked).toBe(false);
    const lock = new Lock();
    const [a, b] = [new Condition(lock), new Condition(lock)];
    using guard = await a.acquire();
    expect([a.locked, b.locked, lock.locked]).toEqual([true, true, true]);
    expect(lock.statistics().owner).toBe(guard);
  });

  it("over anything but a Lock is a TypeError", () => {
    for (const wrong of [null, {}, 1, "lock", { acquire: () => undefined }, new Condition()])
      expect(() => new Condition(wrong as never)).toThrow(TypeError);
  });
});

describe("Condition.wait", () => {
  it("releases the lock, and has it again when it returns", async () => {
    const condition = new Condition();
    const log: string[] = [];
    const [first] = await sleepers(condition, log, "a");
    using guard = await condition.acquire();
    condition.notify();
    expect(condition.statistics()).toEqual({
      tasksWaiting: 0,
      lockStatistics: { locked: true, owner: guard, tasksWaiting: 1 },
    });
    await settled();
    expect(log).toEqual([]);
    guard.release();
    await first?.ended;
    expect(log).toEqual(["a woke"]);
    expect(condition.locked).toBe(false);
    condition.assertInvariants();
  });

  it("returns with the same guard holding the lock, which can wait again", async () => {
    const condition = new Condition();
    const waiter = flow(async () => {
      using guard = await condition.acquire();
      await condition.wait(guard);
      await condition.wait(guard);
      return condition.statistics().lockStatistics.owner === guard;
    });
    await notify(condition);
    await settled();
    await notify(condition);
    await waiter.ended;
    expect(waiter.value).toBe(true);
    expect(condition.locked).toBe(false);
  });

  it("those who are notified come before those who ask for the lock later", async () => {
    const condition = new Condition();
    const log: string[] = [];
    await sleepers(condition, log, "ab");
    const guard = await condition.acquire();
    const early = flow(async () => {
      using _guard = await condition.acquire();
      log.push("early");
    });
    condition.notifyAll();
    const late = flow(async () => {
      using _guard = await condition.acquire();
      log.push("late");
    });
    guard.release();
    await Promise.all([early.ended, late.ended]);
    expect(log).toEqual(["early", "a woke", "b woke", "late"]);
  });

  it("law 4: is a checkpoint", async () => {
    const condition = new Condition();
    const guard = await condition.acquire();
    const seen = checkpointsOf(() => condition.wait(guard));
    await notify(condition);
    expect(await seen).toEqual(["cancel point", "cancel point", "schedule point"]);
  });

  it("law 4: cancelled before, it raises and has never let the lock go", async () => {
    const condition = new Condition();
    const guard = await condition.acquire();
    const other = flow(() => condition.acquire());
    expect(await rejection(inCancelledScope(() => condition.wait(guard)))).toBeInstanceOf(Cancelled);
    expect(condition.statistics()).toEqual({
      tasksWaiting: 0,
      lockStatistics: { locked: true, owner: guard, tasksWaiting: 1 },
    });
    expect(other.state).toBe("running");
    guard.release();
    await other.ended;
  });

  it("law 4: cancelled at the very moment when it would park, it has never let the lock go", async () => {
    const condition = new Condition();
    const guard = await condition.acquire();
    const status = new CancelStatus("scope", "probed", ambient, false).bind(currentStatus());
    attachProbe(status, {
      cancelPoint: (label) => {
        if (label === "condition.wait") status.cancel({ source: "explicit" });
      },
    });
    const other = flow(() => condition.acquire());
    expect(await rejection(runIn(status, () => condition.wait(guard)))).toBeInstanceOf(Cancelled);
    expect(other.state).toBe("running");
    expect(condition.statistics()).toEqual({
      tasksWaiting: 0,
      lockStatistics: { locked: true, owner: guard, tasksWaiting: 1 },
    });
    guard.release();
    await other.ended;
  });

  it("law 5: cancelled while it waits, it leaves at once, takes the lock again and raises", async () => {
    const condition = new Condition();
    const log: string[] = [];
    const [first, second] = await sleepers(condition, log, "ab");
    first?.cancel();
    expect(condition.statistics().tasksWaiting).toBe(1);
    await first?.ended;
    expect(log).toEqual(["a Cancelled"]);
    await notify(condition);
    await second?.ended;
    expect(log).toEqual(["a Cancelled", "b woke"]);
  });

  it("takes the lock again, however long that lasts, before it raises", async () => {
    const condition = new Condition();
    const log: string[] = [];
    const [first] = await sleepers(condition, log, "a");
    using guard = await condition.acquire();
    first?.cancel();
    await settled();
    expect(log).toEqual([]);
    expect(condition.statistics().lockStatistics.tasksWaiting).toBe(1);
    condition.assertInvariants();
    guard.release();
    await first?.ended;
    expect(log).toEqual(["a Cancelled"]);
    expect(condition.locked).toBe(false);
  });

  it("passes its notification on when it is cancelled while it waits for the lock", async () => {
    const condition = new Condition();
    const log: string[] = [];
    const [first, second, third] = await sleepers(condition, log, "abc");
    const guard = await condition.acquire();
    condition.notify();
    first?.cancel();
    expect(condition.statistics().tasksWaiting).toBe(1);
    condition.assertInvariants();
    guard.release();
    await Promise.all([first?.ended, second?.ended]);
    expect(log).toEqual(["b woke", "a Cancelled"]);
    expect(third?.state).toBe("running");
    third?.cancel();
    await third?.ended;
  });

  it("passes it on also when it has the lock already, but has not run: here, cancelled beats delivered", async () => {
    const condition = new Condition();
    const log: string[] = [];
    const [first, second] = await sleepers(condition, log, "ab");
    const guard = await condition.acquire();
    condition.notify();
    guard.release();
    expect(condition.locked).toBe(true); // it went from hand to hand
    first?.cancel();
    await Promise.all([first?.ended, second?.ended]);
    expect(log).toEqual(["a Cancelled", "b woke"]);
    expect(condition.locked).toBe(false);
  });

  it("passes it on along a whole line of cancelled waiters", async () => {
    const condition = new Condition();
    const log: string[] = [];
    const flows = await sleepers(condition, log, "abcde");
    const guard = await condition.acquire();
    condition.notify(2);
    for (const each of flows.slice(0, 3)) each.cancel();
    guard.release();
    await Promise.all(flows.map((each) => each.ended));
    expect(log.filter((each) => each.endsWith("woke"))).toEqual(["d woke", "e woke"]);
    expect(log).toHaveLength(5);
  });

  it("drops it when nobody is left to pass it to", async () => {
    const condition = new Condition();
    const log: string[] = [];
    const [first] = await sleepers(condition, log, "a");
    const guard = await condition.acquire();
    condition.notify();
    first?.cancel();
    guard.release();
    await first?.ended;
    const later = sleeper(condition, log, "b");
    await settled();
    expect(later.state).toBe("running");
    later.cancel();
    await later.ended;
  });

  it("a whole scope of waiters cancelled at once passes its notifications to those outside", async () => {
    const condition = new Condition();
    const log: string[] = [];
    const inside = flow(async () => {
      const wait = async (name: string): Promise<void> => {
        using guard = await condition.acquire();
        await condition.wait(guard);
        log.push(name);
      };
      await Promise.allSettled(["a", "b", "c"].map(wait));
      await checkpoint();
    });
    await settled();
    const [outside] = ["d"].map((name) => sleeper(condition, log, name));
    await settled();
    const guard = await condition.acquire();
    condition.notify(3);
    inside.cancel();
    condition.assertInvariants();
    guard.release();
    await Promise.all([inside.ended, outside?.ended]);
    expect(log).toEqual(["d woke"]);
    expect(condition.statistics()).toEqual({
      tasksWaiting: 0,
      lockStatistics: { locked: false, owner: undefined, tasksWaiting: 0 },
    });
  });

  it("law 7: crashes nothing when its scope is left while it waits, and its guard can still be released", async () => {
    const condition = new Condition();
    const guard = await condition.acquire();
    const unhandled = await unhandledDuring(async () => {
      const scope = flow(async () => {
        void condition.wait(guard);
        void condition.waitFor(guard, () => true).catch(() => undefined); // misuse: the guard is lent
      });
      await scope.ended;
      scope.leave();
    });
    expect(unhandled).toEqual([]);
    expect(condition.statistics().lockStatistics.owner).toBe(guard);
    guard.release();
    expect(condition.locked).toBe(false);
  });

  it("law 7: so does a waitFor", async () => {
    const condition = new Condition();
    const guard = await condition.acquire();
    const unhandled = await unhandledDuring(async () => {
      const scope = flow(async () => {
        void condition.waitFor(guard, () => false);
      });
      await scope.ended;
      scope.leave();
    });
    expect(unhandled).toEqual([]);
    guard.release();
  });

  it("passes it on in every order of resumptions", async () => {
    for (let seed = 0; seed < 50; seed++) {
      await runWith(
        async () => {
          const condition = new Condition();
          const log: string[] = [];
          const flows = ["a", "b", "c", "d"].map((name) => sleeper(condition, log, name));
          await waitAllTasksBlocked();
          const guard = await condition.acquire();
          condition.notify(2);
          guard.release();
          flows[seed % 4]?.cancel();
          await waitAllTasksBlocked();
          expect(log.filter((each) => each.endsWith("woke"))).toHaveLength(2);
          for (const each of flows) each.cancel();
          await Promise.all(flows.map((each) => each.ended));
          condition.assertInvariants();
          expect(condition.locked).toBe(false);
        },
        { scheduler: new SeededScheduler(seed) },
      ).catch((error: unknown) => {
        throw new Error(`with seed ${seed}`, { cause: error });
      });
    }
  });
});

describe("Condition.wait, misused", () => {
  it("without a guard says where to get one", async () => {
    const condition = new Condition();
    for (const wrong of [undefined, null, {}, condition]) {
      const error = await rejection(condition.wait(wrong as never));
      expect(error).toBeInstanceOf(TypeError);
      expect((error as Error).message).toContain("using guard = await condition.acquire()");
    }
  });

  it("with a guard that was released, or of another lock", async () => {
    const condition = new Condition();
    const released = await condition.acquire();
    released.release();
    const foreign = await new Lock().acquire();
    for (const wrong of [released, foreign]) {
      const error = await rejection(condition.wait(wrong));
      expect(error).toBeInstanceOf(MisuseError);
      expect((error as Error).message).toContain("released, or belongs to another lock");
      expect(await rejection(condition.waitFor(wrong, () => true))).toBeInstanceOf(MisuseError);
    }
    expect(condition.locked).toBe(false);
  });

  it("twice at once with one guard", async () => {
    const condition = new Condition();
    const guard = await condition.acquire();
    const first = condition.wait(guard);
    const error = await rejection(condition.wait(guard));
    expect(error).toBeInstanceOf(MisuseError);
    expect((error as Error).message).toContain("another wait is using it");
    await notify(condition);
    await first;
    guard.release();
  });

  it("its guard released while it is asleep, it says so, and nobody has the lock for ever", async () => {
    const condition = new Condition();
    const guard = await condition.acquire();
    const waiting = condition.wait(guard);
    guard.release();
    expect(condition.statistics().tasksWaiting).toBe(0);
    const error = await rejection(waiting);
    expect(error).toBeInstanceOf(MisuseError);
    expect((error as Error).message).toContain("released while condition.wait() was using it");
    expect(condition.locked).toBe(false);
    guard.release();
    condition.assertInvariants();
  });

  it("returned instead of awaited inside the guard's block, it says so", async () => {
    const condition = new Condition();
    const forgetful = async (): Promise<void> => {
      using guard = await condition.acquire();
      return condition.wait(guard); // the block ends here, before the wait does
    };
    const error = await rejection(forgetful());
    expect(error).toBeInstanceOf(MisuseError);
    expect((error as Error).message).toContain("return await");
  });

  it("its guard released after the notification, it passes that on", async () => {
    const condition = new Condition();
    const log: string[] = [];
    const guard = await condition.acquire();
    const waiting = condition.wait(guard);
    const [other] = [sleeper(condition, log, "b")];
    await settled();
    const notifier = await condition.acquire();
    condition.notify();
    guard.release();
    notifier.release();
    expect(await rejection(waiting)).toBeInstanceOf(MisuseError);
    await other?.ended;
    expect(log).toEqual(["b woke"]);
  });

  it("its guard released on the way back from a cancellation, it raises that", async () => {
    const condition = new Condition();
    let guard: LockGuard | undefined;
    const waiter = flow(async () => {
      guard = await condition.acquire();
      await condition.wait(guard);
    });
    await settled();
    const other = await condition.acquire();
    waiter.cancel();
    await settled();
    expect(condition.statistics().lockStatistics.tasksWaiting).toBe(1);
    guard?.release();
    expect(condition.statistics().lockStatistics.tasksWaiting).toBe(0);
    await waiter.ended;
    expect(waiter.state).toBe("cancelled");
    other.release();
    expect(condition.locked).toBe(false);
  });

  it("its guard released between the cancellation and the way back, likewise", async () => {
    const condition = new Condition();
    let guard: LockGuard | undefined;
    const waiter = flow(async () => {
      guard = await condition.acquire();
      await condition.wait(guard);
    });
    await settled();
    waiter.cancel();
    guard?.release();
    await waiter.ended;
    expect(waiter.state).toBe("cancelled");
    expect(condition.locked).toBe(false);
    condition.assertInvariants();
  });

  it("the loser of a Promise.race takes neither the lock nor a notification with it", async () => {
    const condition = new Condition();
    const log: string[] = [];
    {
      using guard = await condition.acquire();
      await Promise.race([condition.wait(guard), checkpoint()]);
    }
    expect(condition.locked).toBe(false);
    const [other] = await sleepers(condition, log, "b");
    await notify(condition);
    await other?.ended;
    expect(log).toEqual(["b woke"]);
  });
});

describe("Condition.waitFor", () => {
  it("returns what the predicate gave, at once when it holds, after a checkpoint", async () => {
    const condition = new Condition();
    using guard = await condition.acquire();
    expect(await condition.waitFor(guard, () => "ready")).toBe("ready");
    expect(await checkpointsOf(() => condition.waitFor(guard, () => true))).toEqual([
      "cancel point",
      "schedule point",
    ]);
  });

  it("looks after each notification, with the lock held, until it holds", async () => {
    const condition = new Condition();
    let count = 0;
    const looks: [number, boolean][] = [];
    const waiter = flow(async () => {
      using guard = await condition.acquire();
      return await condition.waitFor(guard, () => {
        looks.push([count, condition.statistics().lockStatistics.owner === guard]);
        return count >= 2 && `count ${count}`;
      });
    });
    await settled();
    for (let i = 0; i < 2; i++) {
      using _guard = await condition.acquire();
      count++;
      condition.notify();
    }
    await waiter.ended;
    expect(waiter.value).toBe("count 2");
    expect(looks).toEqual([
      [0, true],
      [1, true],
      [2, true],
    ]);
  });

  it("law 4: cancelled before, it does not even look", async () => {
    const condition = new Condition();
    using guard = await condition.acquire();
    let looks = 0;
    const error = await rejection(inCancelledScope(() => condition.waitFor(guard, () => ++looks)));
    expect(error).toBeInstanceOf(Cancelled);
    expect(looks).toBe(0);
  });

  it("law 5: cancelled while it waits, it raises with the lock", async () => {
    const condition = new Condition();
    let held: boolean | undefined;
    const waiter = flow(async () => {
      using guard = await condition.acquire();
      try {
        await condition.waitFor(guard, () => false);
      } finally {
        held = condition.statistics().lockStatistics.owner === guard;
      }
    });
    await settled();
    waiter.cancel();
    await waiter.ended;
    expect([waiter.state, held]).toEqual(["cancelled", true]);
    expect(condition.locked).toBe(false);
  });

  it("raises what the predicate throws, with the lock held", async () => {
    const condition = new Condition();
    const guard = await condition.acquire();
    const failure = new Error("predicate");
    const error = await rejection(
      condition.waitFor(guard, () => {
        throw failure;
      }),
    );
    expect(error).toBe(failure);
    expect(condition.statistics().lockStatistics.owner).toBe(guard);
  });

  it("refuses an asynchronous predicate, and what is no function", async () => {
    const condition = new Condition();
    using guard = await condition.acquire();
    const error = await rejection(condition.waitFor(guard, async () => false));
    expect(error).toBeInstanceOf(TypeError);
    expect((error as Error).message).toContain("must be synchronous");
    expect(await rejection(condition.waitFor(guard, true as never))).toBeInstanceOf(TypeError);
    const noGuard = await rejection(condition.waitFor((() => true) as never, undefined as never));
    expect(noGuard).toBeInstanceOf(TypeError);
  });
});

describe("Condition.notify", () => {
  it("wakes the oldest, as many as it is told, and all with notifyAll", async () => {
    const condition = new Condition();
    const log: string[] = [];
    await sleepers(condition, log, "abcdef");
    await notify(condition);
    await settled();
    expect(log).toEqual(["a woke"]);
    await notify(condition, 0);
    await notify(condition, 2);
    await settled();
    expect(log).toEqual(["a woke", "b woke", "c woke"]);
    {
      using _guard = await condition.acquire();
      condition.notifyAll();
    }
    await settled();
    expect(log).toHaveLength(6);
    await notify(condition, Infinity); // nobody is left, and it is not remembered
    expect(condition.statistics().tasksWaiting).toBe(0);
  });

  it("while nobody holds the lock is misuse, and says why", async () => {
    const condition = new Condition();
    const error = thrownBy(() => condition.notify());
    expect(error).toBeInstanceOf(MisuseError);
    expect((error as Error).message).toContain("using guard = await condition.acquire()");
    expect(() => condition.notifyAll()).toThrow(MisuseError);
  });

  for (const wrong of [-1, 1.5, NaN]) {
    it(`refuses ${wrong}`, async () => {
      const condition = new Condition();
      using _guard = await condition.acquire();
      expect(() => condition.notify(wrong)).toThrow(RangeError);
    });
  }

  it("wakes only its own waiters, where two conditions stand over one lock", async () => {
    const lock = new Lock();
    const [full, empty] = [new Condition(lock), new Condition(lock)];
    const log: string[] = [];
    await sleepers(full, log, "f");
    const [other] = await sleepers(empty, log, "e");
    await notify(full);
    await settled();
    expect(log).toEqual(["f woke"]);
    other?.cancel();
    await other?.ended;
  });
});

describe("Condition.release", () => {
  it("releases whoever holds the lock", async () => {
    const condition = new Condition();
    const guard = await condition.acquire();
    condition.release();
    expect(condition.locked).toBe(false);
    expect(() => condition.release()).toThrow(MisuseError);
    guard.release();
  });
});

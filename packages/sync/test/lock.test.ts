import { currentTask, DeadlockError, MisuseError, run } from "@espalier/core";
import { runWith } from "@espalier/core/testing";
import { Lock } from "@espalier/sync";
import { rejection, thrownBy } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

import { flow } from "./support/flow.ts";

describe("Lock.release", () => {
  it("releases whoever holds it, whose guard does nothing any more", async () => {
    const lock = new Lock();
    const first = await lock.acquire();
    lock.release();
    expect(lock.locked).toBe(false);
    const second = await lock.acquire();
    first[Symbol.dispose]();
    expect(lock.statistics().owner).toBe(second);
    second.release();
    expect(lock.locked).toBe(false);
  });

  it("hands the lock to the oldest waiter at once", async () => {
    const lock = new Lock();
    await lock.acquire();
    const waiters = [flow(() => lock.acquire()), flow(() => lock.acquire())];
    lock.release();
    expect(lock.statistics()).toEqual({ locked: true, owner: expect.anything(), tasksWaiting: 1 });
    await waiters[0]?.ended;
    expect(waiters[0]?.value).toBe(lock.statistics().owner);
    expect(waiters[1]?.state).toBe("running");
    lock.release();
    await waiters[1]?.ended;
    lock.assertInvariants();
  });

  it("told to release what nobody holds, says so and how to avoid it", async () => {
    const lock = new Lock();
    const never = thrownBy(() => lock.release());
    expect(never).toBeInstanceOf(MisuseError);
    expect((never as Error).message).toContain("nobody holds this lock");
    expect((never as Error).message).toContain("using guard = await lock.acquire()");
    lock.acquireNowait().release();
    expect(() => lock.release()).toThrow(MisuseError);
  });
});

describe("Lock.statistics", () => {
  it("has Trio's fields, with the guard as the owner, and the guard knows the task", async () => {
    const lock = new Lock();
    expect(lock.statistics()).toEqual({ locked: false, owner: undefined, tasksWaiting: 0 });
    await run(async () => {
      const guard = await lock.acquire();
      expect(lock.statistics().owner).toBe(guard);
      expect(guard.task).toBe(currentTask());
      expect(guard.task).toBeDefined();
      guard.release();
    });
    expect((await lock.acquire()).task).toBeUndefined();
  });
});

describe("Lock, misused", () => {
  it("acquired again by whoever holds it, is a deadlock that the run reports with what is waited for", async () => {
    const lock = new Lock();
    const error = await rejection(
      runWith(
        async () => {
          using _guard = await lock.acquire();
          await lock.acquire();
        },
        { deadlockWhenBlocked: true },
      ),
    );
    expect(error).toBeInstanceOf(DeadlockError);
    expect((error as Error).message).toContain("lock.acquire");
    expect(lock.locked).toBe(false); // the cancelled flow has released it
  });
});

import { Cancelled, checkpoint, InternalError, run, sleep } from "@espalier/core";
import {
  type CancelStatus,
  enter,
  park,
  parkAbroad,
  type Parked,
  parkShielded,
  pass,
  refusal,
  runIn,
  shieldedCheckpoint,
  type Wait,
  whenCancelled,
} from "@espalier/core/lowlevel";
import { MockClock, waitAllTasksBlocked } from "@espalier/core/testing";
import { rejection, turns, unhandledDuring } from "@espalier/test-support";
import { describe, expect, expectTypeOf, it } from "vitest";

import { cancel, inCancelledScope, open, scope } from "./support/scope.ts";
import { spawn } from "./support/task.ts";

/** Something parked in a status of its own. */
function parkedIn(status: CancelStatus, onAbort?: (operation: Wait) => void): Parked<string> {
  return runIn(status, () => park<string>("test", onAbort));
}

describe("park, state by event", () => {
  const error = new Error("failed");

  it("parked + resume: the promise fulfils with the value", async () => {
    const operation = park<string>("test");
    expect(operation.pending).toBe(true);
    expect(operation.resume("value")).toBe(true);
    expect(operation.pending).toBe(false);
    await expect(operation.promise).resolves.toBe("value");
  });

  it("parked + resume behind: decided at once, and whoever calls goes on first", async () => {
    const operation = park<string>("test");
    const order: string[] = [];
    const waiting = operation.promise.then((value) => order.push(value));
    expect(operation.resume("woken", true)).toBe(true);
    expect(operation.pending).toBe(false);
    expect(operation.resume("again")).toBe(false);
    await pass();
    order.push("waker");
    await waiting;
    expect(order).toEqual(["waker", "woken"]);
  });

  it("parked + resume behind + cancel: the value stays", async () => {
    const status = open();
    const operation = parkedIn(status);
    operation.resume("value", true);
    cancel(status, "too late");
    await expect(operation.promise).resolves.toBe("value");
  });

  it("parked + fail: the promise rejects with the error", async () => {
    const operation = park<string>("test");
    expect(operation.fail(error)).toBe(true);
    expect(operation.pending).toBe(false);
    expect(await rejection(operation.promise)).toBe(error);
  });

  it("parked + cancel: onAbort, then the promise rejects with Cancelled", async () => {
    const status = open();
    const aborted: Wait[] = [];
    const operation = parkedIn(status, (wait) => aborted.push(wait));
    cancel(status, "why");
    expect(aborted).toEqual([operation]);
    expect(operation.pending).toBe(false);
    const raised = await rejection(operation.promise);
    expect(raised).toBeInstanceOf(Cancelled);
    expect((raised as Cancelled).reason).toEqual({ source: "explicit", scope: "scope", reason: "why" });
  });

  for (const second of ["resume", "fail"] as const) {
    it(`resumed + ${second}: false, and the first value stays`, async () => {
      const operation = park<string>("test");
      operation.resume("first");
      expect(second === "resume" ? operation.resume("second") : operation.fail(error)).toBe(false);
      await expect(operation.promise).resolves.toBe("first");
    });

    it(`failed + ${second}: false, and the first error stays`, async () => {
      const operation = park<string>("test");
      operation.fail(error);
      expect(second === "resume" ? operation.resume("late") : operation.fail(new Error("late"))).toBe(false);
      expect(await rejection(operation.promise)).toBe(error);
    });

    it(`cancelled + ${second}: false, and Cancelled stays`, async () => {
      const status = open();
      const operation = parkedIn(status);
      cancel(status);
      expect(second === "resume" ? operation.resume("late") : operation.fail(error)).toBe(false);
      expect(await rejection(operation.promise)).toBeInstanceOf(Cancelled);
    });
  }

  it("law 6: a value that was handed over is kept although the scope is cancelled before delivery", async () => {
    const status = open();
    let aborts = 0;
    const operation = parkedIn(status, () => aborts++);
    operation.resume("value");
    cancel(status);
    await expect(operation.promise).resolves.toBe("value");
    expect(aborts).toBe(0);
  });

  it("law 6: and the next checkpoint raises", async () => {
    const status = open();
    const woken: unknown[] = [];
    await runIn(status, async () => {
      const operation = park<string>("test");
      operation.resume("value");
      cancel(status);
      woken.push(await operation.promise);
      woken.push(await rejection(checkpoint()));
    });
    expect(woken).toEqual(["value", expect.any(Cancelled)]);
  });

  it("law 6: also when the value is delivered only in a later turn", async () => {
    const status = open();
    const operations = Array.from({ length: 5000 }, () => parkedIn(status));
    operations.forEach((each, i) => each.resume(String(i))); // far more than the budget of one turn
    cancel(status);
    const values = await Promise.all(operations.map((each) => each.promise));
    expect(values).toEqual(operations.map((_, i) => String(i)));
  });

  it("failed + cancel: nothing, the error stays", async () => {
    const status = open();
    let aborts = 0;
    const operation = parkedIn(status, () => aborts++);
    operation.fail(error);
    cancel(status);
    expect(await rejection(operation.promise)).toBe(error);
    expect(aborts).toBe(0);
  });
});

describe("park", () => {
  it("keeps its label, its status and its caller's data", () => {
    const status = open();
    const operation = parkedIn(status);
    operation.data = "mine";
    expect(operation).toMatchObject({ label: "test", status, data: "mine" });
    operation.resume("");
  });

  it("calls onAbort at most once, synchronously from cancel, before the promise rejects", async () => {
    const outer = open({ name: "outer" });
    const inner = open({ name: "inner", parent: outer });
    const log: string[] = [];
    const operation = parkedIn(inner, () => log.push("onAbort"));
    const settled = operation.promise.catch(() => log.push("rejected"));
    log.push("before");
    cancel(inner);
    log.push("after");
    cancel(outer);
    inner.close();
    outer.close();
    await settled;
    expect(log).toEqual(["before", "onAbort", "after", "rejected"]);
  });

  it("an onAbort that throws fails the run, and leaves nobody behind: cancel() never throws", async () => {
    const bug = new Error("a bug");
    let ended: unknown[] = [];
    const error = (await rejection(
      run(async () => {
        const outer = open();
        const inner = open({ parent: outer });
        const broken = parkedIn(inner, () => {
          throw bug;
        });
        const waits = [parkedIn(inner), broken, parkedIn(inner), parkedIn(outer)];
        const ends = waits.map(({ promise }) => rejection(promise));
        cancel(outer, "all of them");
        ended = await Promise.all(ends);
      }),
    )) as InternalError;
    expect(ended.map((end) => end instanceof Cancelled)).toEqual([true, true, true, true]);
    expect(error).toBeInstanceOf(InternalError);
    expect(error.cause).toBe(bug);
    expect(error.message).toContain('Undoing "test" failed');
  });

  it("a hook that throws likewise", async () => {
    const error = (await rejection(
      run(async () => {
        const status = open();
        whenCancelled(status, () => {
          throw new Error("a bug");
        });
        const operation = parkedIn(status);
        cancel(status);
        await rejection(operation.promise);
      }),
    )) as InternalError;
    expect(error).toBeInstanceOf(InternalError);
    expect(error.message).toContain("Undoing a hook failed");
  });

  it("calls onAbort when its scope is left", async () => {
    const status = open();
    let aborts = 0;
    const operation = parkedIn(status, () => aborts++);
    status.close();
    expect(aborts).toBe(1);
    const raised = (await rejection(operation.promise)) as Cancelled;
    expect(raised.reason).toEqual({ source: "scope-closed", scope: "scope" });
  });

  it("does not call onAbort when it was resumed or failed", async () => {
    const status = open();
    let aborts = 0;
    const resumed = parkedIn(status, () => aborts++);
    const failed = parkedIn(status, () => aborts++);
    resumed.resume("");
    failed.fail(new Error("x"));
    cancel(status);
    status.close();
    await Promise.allSettled([resumed.promise, failed.promise]);
    expect(aborts).toBe(0);
  });

  it("an operation cannot be resumed from its own onAbort: the cancellation has already won", async () => {
    const status = open();
    const said: boolean[] = [];
    const operation: Parked<string> = parkedIn(status, () => {
      said.push(operation.pending, operation.resume("too late"), operation.fail(new Error("too late")));
    });
    cancel(status);
    expect(said).toEqual([false, false, false]);
    expect(await rejection(operation.promise)).toBeInstanceOf(Cancelled);
  });

  it("law 1: never throws in a cancelled scope; it comes back rejected, not pending, without onAbort", async () => {
    let aborts = 0;
    await inCancelledScope(async () => {
      for (let i = 0; i < 3; i++) {
        const operation = park<string>("test", () => aborts++);
        expect(operation.pending).toBe(false);
        expect(operation.resume("late")).toBe(false);
        expect(operation.fail(new Error("late"))).toBe(false);
        expect(await rejection(operation.promise)).toBeInstanceOf(Cancelled);
      }
    });
    expect(aborts).toBe(0);
  });

  it("law 7: park in a scope that was left comes back rejected, and says which scope it outlived and what to do", async () => {
    const status = open({ name: "fetch page" });
    status.close();
    const operation = parkedIn(status);
    expect(operation.pending).toBe(false);
    const raised = (await rejection(operation.promise)) as Cancelled;
    expect(raised.message).toContain('"fetch page"');
    expect(raised.message).toContain("detached(");
  });

  it("resuming with a promise adopts it", async () => {
    const operation = park<unknown>("test");
    operation.resume(Promise.resolve("inner"));
    await expect(operation.promise).resolves.toBe("inner");
  });

  it("types its value", () => {
    expectTypeOf(park<number>).returns.toEqualTypeOf<Parked<number>>();
    expectTypeOf<Parked<number>["promise"]>().toEqualTypeOf<Promise<number>>();
    expectTypeOf<Parked<void>["resume"]>().toBeCallableWith();
  });
});

describe("park and unhandled rejections", () => {
  it("law 7: an operation that is parked when its scope is left crashes nobody", async () => {
    const unhandled = await unhandledDuring(async () => {
      await scope(async () => {
        void sleep(60_000);
        void park("test").promise;
      });
    });
    expect(unhandled).toEqual([]);
  });

  it("law 7: of several parked in one node, those that nobody awaits crash nobody", async () => {
    const unhandled = await unhandledDuring(async () => {
      await scope(async (status) => {
        const waits = [sleep(60_000), sleep(60_000), park<void>("test").promise];
        queueMicrotask(() => cancel(status));
        for (const wait of waits) await wait; // the first raises; the others are never looked at
      });
    });
    expect(unhandled).toEqual([]);
  });

  it("law 7: the loser of a Promise.race that is still parked crashes nobody", async () => {
    const unhandled = await unhandledDuring(async () => {
      await scope(async () => {
        const loser = async (): Promise<never> => {
          await sleep(60_000);
          throw new Error("not reached");
        };
        await Promise.race([loser(), Promise.resolve("winner")]);
      });
    });
    expect(unhandled).toEqual([]);
  });

  it("law 7: of several that are refused in a cancelled scope, those that nobody awaits crash nobody", async () => {
    const unhandled = await unhandledDuring(async () => {
      await scope(async (status) => {
        cancel(status); // as a deadline that passed just before; a moment later the three would have been parked
        const waits = [sleep(60_000), checkpoint(), park<void>("test").promise];
        for (const wait of waits) await wait;
      });
    });
    expect(unhandled).toEqual([]);
  });

  it("law 7: what is begun in a scope that was left, and awaited by nobody, is told: it names the remedy", async () => {
    for (const begin of [() => sleep(60_000), () => checkpoint(), () => park<void>("test").promise]) {
      const unhandled = await unhandledDuring(async () => {
        const status = open({ name: "left" });
        status.close();
        void runIn(status, begin);
      });
      expect(unhandled).toEqual([expect.any(Cancelled)]);
      expect((unhandled[0] as Cancelled).message).toContain("detached(");
    }
  });

  it("a single operation that is cancelled and that nobody awaits is told, as any promise", async () => {
    const unhandled = await unhandledDuring(async () => {
      const status = open();
      void runIn(status, () => sleep(60_000));
      cancel(status);
    });
    expect(unhandled).toEqual([expect.any(Cancelled)]);
  });
});

describe("parkShielded", () => {
  it("no cancellation ends it, neither before nor during the wait", async () => {
    const before = open();
    cancel(before);
    const during = open();
    const early = runIn(before, () => parkShielded<string>("test"));
    const late = runIn(during, () => parkShielded<string>("test"));
    cancel(during);
    during.close();
    expect([early.pending, late.pending]).toEqual([true, true]);
    expect(early.resume("a")).toBe(true);
    expect(late.resume("b")).toBe(true);
    await expect(Promise.all([early.promise, late.promise])).resolves.toEqual(["a", "b"]);
  });

  it("does not shield what is parked beside it in the same status", async () => {
    const status = open();
    const shielded = runIn(status, () => parkShielded<string>("test"));
    const plain = parkedIn(status);
    cancel(status);
    expect([shielded.pending, plain.pending]).toEqual([true, false]);
    expect(await rejection(plain.promise)).toBeInstanceOf(Cancelled);
    shielded.resume("");
  });

  it("can fail", async () => {
    const operation = parkShielded<string>("test");
    const error = new Error("x");
    operation.fail(error);
    expect(await rejection(operation.promise)).toBe(error);
  });
});

describe("parkAbroad", () => {
  it("is cancelled as any wait", async () => {
    const status = open();
    let aborts = 0;
    const operation = runIn(status, () => parkAbroad<string>("test", () => aborts++));
    cancel(status);
    expect(aborts).toBe(1);
    expect(await rejection(operation.promise)).toBeInstanceOf(Cancelled);
  });

  it("is refused in a cancelled scope", async () => {
    const operation = await inCancelledScope(() => {
      const refused = parkAbroad<string>("test");
      refused.promise.catch(() => undefined);
      return refused;
    }); // not awaited in there: it comes back as it is
    expect(operation.pending).toBe(false);
  });

  it("its task is not taken for blocked", async () => {
    const log: string[] = [];
    await run(
      async () => {
        const child = spawn(async () => {
          const abroad = parkAbroad<void>("socket");
          setTimeout(() => {
            log.push("the world answers");
            abroad.resume();
          }, 20);
          await abroad.promise;
          await park("for good").promise;
        });
        await waitAllTasksBlocked();
        log.push("blocked");
        child.cancel();
        await child.join();
      },
      { clock: new MockClock() },
    );
    expect(log).toEqual(["the world answers", "blocked"]);
  });
});

describe("enter", () => {
  it("does nothing in an open scope", () => {
    expect(enter()).toBeUndefined();
  });

  it("law 1: raises synchronously in a cancelled scope, each time", async () => {
    await inCancelledScope(() => {
      expect(() => enter()).toThrow(Cancelled);
      expect(() => enter()).toThrow(Cancelled);
    });
  });

  it("is quiet behind a shield, and raises again when it is lowered", () => {
    const outer = open();
    const inner = open({ parent: outer, shield: true });
    cancel(outer);
    expect(() => runIn(inner, enter)).not.toThrow();
    inner.setShield(false);
    expect(() => runIn(inner, enter)).toThrow(Cancelled);
    inner.setShield(true);
    expect(() => runIn(inner, enter)).not.toThrow();
  });
});

describe("refusal", () => {
  it("is undefined in an open scope", () => {
    expect(refusal()).toBeUndefined();
  });

  it("is a rejected promise in a cancelled one", async () => {
    const denied = await inCancelledScope(async () => {
      const promise = refusal();
      expect(promise).toBeInstanceOf(Promise);
      return rejection(promise!);
    });
    expect(denied).toBeInstanceOf(Cancelled);
  });
});

describe("pass", () => {
  it("gives the value, and nothing without one", async () => {
    await expect(pass("value")).resolves.toBe("value");
    await expect(pass()).resolves.toBeUndefined();
    expectTypeOf(pass(1)).toEqualTypeOf<Promise<number>>();
    expectTypeOf(pass()).toEqualTypeOf<Promise<void>>();
  });

  it("law 6: never raises, so what has been done stays done", async () => {
    await inCancelledScope(async () => {
      await expect(pass("done")).resolves.toBe("done");
      await expect(shieldedCheckpoint()).resolves.toBeUndefined();
    });
  });

  it("law 8: gives timers and I/O a turn once the budget is spent", async () => {
    let turned = false;
    setImmediate(() => {
      turned = true;
    });
    let passes = 0;
    while (!turned && passes < 1_000_000) {
      await pass();
      passes++;
    }
    expect(turned).toBe(true);
    await turns();
  });
});

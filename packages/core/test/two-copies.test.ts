import * as here from "@espalier/core";
import * as hereLowlevel from "@espalier/core/lowlevel";
import { rejection } from "@espalier/test-support";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { Installation } from "./support/installed.ts";
import { cancel } from "./support/scope.ts";

type Core = typeof here;
type Lowlevel = typeof hereLowlevel;
type Testing = typeof import("@espalier/core/testing");

interface Copy {
  readonly core: Core;
  readonly lowlevel: Lowlevel;
  readonly testing: Testing;
}

let installations: Installation[] = [];
/** Three copies side by side: the one that the suite imports, and two that are installed. */
let a: Copy;
let b: Copy;
beforeAll(async () => {
  installations = [await Installation.make(), await Installation.make()];
  [a, b] = (await Promise.all(
    installations.map(async (installation) => ({
      core: (await import(/* @vite-ignore */ installation.door("index"))) as Core,
      lowlevel: (await import(/* @vite-ignore */ installation.door("lowlevel"))) as Lowlevel,
      testing: (await import(/* @vite-ignore */ installation.door("testing"))) as Testing,
    })),
  )) as [Copy, Copy];
});
afterAll(() => {
  for (const installation of installations) installation.remove();
});

/** A cancel scope whose parts come from different copies. */
async function scopeOf<T>(
  copy: Copy,
  body: (status: hereLowlevel.CancelStatus) => Promise<T>,
  deadlineMs?: number,
): Promise<T | undefined> {
  const { CancelStatus, ambient, currentStatus, runIn, setDeadline, unwind } = copy.lowlevel;
  const status = new CancelStatus("scope", "mixed", ambient, false).bind(currentStatus());
  if (deadlineMs !== undefined) setDeadline(status, copy.core.currentTime() + deadlineMs);
  try {
    return await runIn(status, () => body(status));
  } catch (error) {
    const outcome = unwind(status, error, "scope");
    if (outcome.kind !== "caught") throw outcome.error;
    return undefined;
  } finally {
    status.close();
  }
}

describe("law 12: two installed copies", () => {
  it("are two: each has classes of its own", () => {
    expect(a.core.Cancelled).not.toBe(b.core.Cancelled);
    expect(a.core.Cancelled).not.toBe(here.Cancelled);
    expect(a.lowlevel.CancelStatus).not.toBe(b.lowlevel.CancelStatus);
    expect(a.core.sleep).not.toBe(b.core.sleep);
  });

  it("share the current status, the ambient runtime and the clock", async () => {
    expect(a.lowlevel.ambient).toBe(b.lowlevel.ambient);
    expect(a.lowlevel.ambient).toBe(hereLowlevel.ambient);
    await scopeOf(a, async (status) => {
      expect(b.lowlevel.currentStatus()).toBe(status);
      await b.core.checkpoint();
      expect(hereLowlevel.currentStatus()).toBe(status);
    });
    await b.core.run(
      async () => {
        expect(a.core.currentTime()).toBe(0);
        await a.core.sleep(500);
        expect(b.core.currentTime()).toBe(500);
        expect(a.core.currentTask()?.name).toBe("shared");
      },
      { name: "shared", clock: new a.testing.MockClock({ autojumpThresholdMs: 0 }) },
    );
  });

  it.each([
    ["a cancels b", () => [a, b]],
    ["b cancels a", () => [b, a]],
  ])("cancel what the other one parked: %s", async (_name, copies) => {
    const [outer, inner] = copies() as [Copy, Copy];
    let raised: unknown;
    const value = await scopeOf(outer, async (status) => {
      setImmediate(() => cancel(status, "from the other copy"));
      await scopeOf(inner, async () => {
        try {
          await inner.core.sleep(60_000);
        } catch (error) {
          raised = error;
          throw error;
        }
      });
      return "not reached";
    });
    expect(value).toBeUndefined();
    expect(raised).toBeInstanceOf(outer.core.Cancelled);
    expect(raised).toBeInstanceOf(inner.core.Cancelled);
    expect(raised).toMatchObject({ reason: { reason: "from the other copy" } });
  });

  it("share deadlines: one is seen, and fires, in the other's scope", async () => {
    const value = await scopeOf(
      a,
      () =>
        scopeOf(b, async () => {
          expect(b.core.currentEffectiveDeadline()).toBe(a.core.currentEffectiveDeadline());
          expect(b.core.currentEffectiveDeadline()).toBeLessThan(Infinity);
          await b.core.sleepForever();
          return "not reached";
        }),
      10,
    );
    expect(value).toBeUndefined();
    expect(a.lowlevel.ambient.deadlines.size).toBe(0);
  });

  it("share the order of resumptions", async () => {
    const order: string[] = [];
    const copies = [a, b];
    await Promise.all(
      Array.from({ length: 6000 }, async (_, i) => {
        const operation = copies[i % 2]!.lowlevel.park<number>("test");
        operation.resume(i);
        order.push(`${await operation.promise}`);
      }),
    );
    expect(order).toEqual(Array.from({ length: 6000 }, (_, i) => String(i)));
  });

  it("a parking lot of one wakes operations that the other parked", async () => {
    const lot = new a.lowlevel.ParkingLot<string>();
    const operation = b.lowlevel.park<string>("test");
    lot.add(operation, undefined);
    const own = lot.park("test", undefined);
    lot.unparkAll("value");
    await expect(Promise.all([operation.promise, own])).resolves.toEqual(["value", "value"]);
  });

  it("share signals", async () => {
    await scopeOf(a, async (status) => {
      expect(b.lowlevel.signalOf(status)).toBe(a.lowlevel.signalOf(status));
      cancel(status);
      const bare = Object.assign(new Error("aborted"), { name: "AbortError" });
      expect(a.core.isCancelled(bare)).toBe(true);
      expect(b.core.isCancelled(bare)).toBe(true);
    });
  });

  const names = [
    "BrokenResourceError",
    "BusyResourceError",
    "ClosedResourceError",
    "DeadlockError",
    "EndOfChannel",
    "InternalError",
    "MisuseError",
    "WouldBlock",
  ] as const;
  it.each(names)("recognise each other's %s by instanceof", (name) => {
    const error = new a.core[name]("x");
    expect(error).toBeInstanceOf(b.core[name]);
    expect(error).toBeInstanceOf(here[name]);
    for (const other of names) if (other !== name) expect(error).not.toBeInstanceOf(b.core[other]);
    class Special extends b.core[name] {}
    expect(error).not.toBeInstanceOf(Special);
    expect(new Special("x")).toBeInstanceOf(a.core[name]);
  });

  it("recognise each other's Cancelled, in groups too", () => {
    const cancelled = a.lowlevel.makeCancelled({ source: "explicit" });
    expect(cancelled).toBeInstanceOf(b.core.Cancelled);
    expect(b.core.isCancelled(cancelled)).toBe(true);
    expect(
      b.core.isCancelled(new AggregateError([cancelled, b.lowlevel.makeCancelled({ source: "explicit" })])),
    ).toBe(true);
    expect(() => b.core.rethrowIfCancelled(cancelled)).toThrow(cancelled);
  });

  it("a run of one refuses to be nested in a run of the other", async () => {
    const error = await rejection(a.core.run(() => b.core.run(() => 5)));
    expect(error).toBeInstanceOf(here.MisuseError);
    await expect(a.core.run(() => b.core.detached(() => b.core.run(() => 5)))).resolves.toBe(5);
  });

  it("the task tree of one shows what the other runs", async () => {
    await a.core.run(
      async () => {
        b.lowlevel.spawnSystemTask(() => a.core.sleepForever(), { name: "of b" });
        await a.core.checkpoint();
        for (const copy of [a, b]) {
          expect(copy.core.formatTaskTree()).toContain('task "of b": running, waiting for sleepForever');
        }
      },
      { name: "of a" },
    );
  });

  it("a system task of one ends with the run of the other", async () => {
    const log: string[] = [];
    await a.core.run(async () => {
      b.lowlevel.spawnSystemTask(async () => {
        try {
          await b.core.sleepForever();
        } finally {
          log.push("ended");
        }
      });
      await b.core.checkpoint();
    });
    expect(log).toEqual(["ended"]);
  });

  it("standstills are seen across copies", async () => {
    await a.core.run(async () => {
      const task = b.lowlevel.spawnSystemTask(async () => {
        for (let i = 0; i < 50; i++) await b.core.checkpoint();
        await b.core.sleepForever();
      });
      await a.testing.waitAllTasksBlocked();
      expect(task.status).toBe("running");
      expect(a.core.formatTaskTree()).toContain("waiting for sleepForever");
      await b.testing.waitAllTasksBlocked();
    });
  });

  it("instruments of one hear of the other's waits", async () => {
    const labels: string[] = [];
    await a.core.run(() => b.core.sleep(1), {
      instruments: [{ parked: (_task, label) => labels.push(label) }],
    });
    expect(labels).toEqual(["sleep"]);
  });

  it("a deadlock is told in a process with two copies", async () => {
    const ended = await installations[0]!.run(`
      const a = await import(${JSON.stringify(installations[0]!.door("index"))});
      const b = await import(${JSON.stringify(installations[1]!.door("index"))});
      await a.run(() => b.sleepForever()).catch((error) => console.log(error instanceof b.DeadlockError));
    `);
    expect(ended).toMatchObject({ code: 0, stdout: "true\n", stderr: "" });
  });
});

import {
  Cancelled,
  checkpoint,
  isCancelled,
  MisuseError,
  run,
  sleep,
  sleepForever,
  taskTree,
} from "@espalier/core";
import { currentStatus, runIn, type TaskState } from "@espalier/core/lowlevel";
import { eventually, turns } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

import { cancel, open, scope } from "./support/scope.ts";
import { spawn, TestTask } from "./support/task.ts";

describe("Task", () => {
  it("pending, running, succeeded", async () => {
    const task = new TestTask<number>("t", currentStatus());
    expect([task.status, task.ended]).toEqual(["pending", false]);
    let during: string | undefined;
    task.startSoon(async () => {
      during = task.status;
      await checkpoint();
      return 5;
    });
    expect(task.status).toBe("pending"); // startSoon runs none of the child
    await task.join();
    expect(during).toBe("running");
    expect([task.status, task.ended, task.state]).toEqual([
      "succeeded",
      true,
      { kind: "succeeded", value: 5 },
    ]);
  });

  it("failed, with the error", async () => {
    const error = new Error("x");
    const bodies: (() => unknown)[] = [
      () => {
        throw error;
      },
      async () => {
        throw error;
      },
      async () => {
        await checkpoint();
        throw error;
      },
    ];
    for (const body of bodies) {
      const task = await spawn(body).join();
      expect(task.state).toEqual({ kind: "failed", error });
    }
  });

  it("cancelled by itself: caught, so that nobody else has to care", async () => {
    const task = spawn(() => sleepForever());
    await checkpoint();
    task.cancel("why");
    await task.join();
    expect(task.state).toMatchObject({ kind: "cancelled", caught: true });
    expect((task.state as { error: Cancelled }).error.reason).toMatchObject({
      source: "explicit",
      reason: "why",
      scope: "task",
    });
  });

  it("cancelled from outside: not caught", async () => {
    const parent = open();
    const task = spawn(() => sleepForever(), "task", parent);
    await checkpoint();
    cancel(parent);
    await task.join();
    expect(task.state).toMatchObject({ kind: "cancelled", caught: false });
  });

  it("cancelled before it began: runs up to its first checkpoint all the same", async () => {
    const log: string[] = [];
    const task = spawn(async () => {
      log.push("begins");
      await checkpoint();
      log.push("not reached");
    });
    task.cancel();
    await task.join();
    expect(log).toEqual(["begins"]);
    expect(task.status).toBe("cancelled");
  });

  it("so does one that is started in a cancelled parent", async () => {
    const parent = open();
    cancel(parent);
    const log: string[] = [];
    const task = spawn(
      async () => {
        log.push("begins");
        await checkpoint();
        log.push("not reached");
      },
      "task",
      parent,
    );
    await task.join();
    expect(log).toEqual(["begins"]);
    expect(task.status).toBe("cancelled");
  });

  it("cancelled, and it swallows the Cancelled: it ends well", async () => {
    const task = spawn(async () => {
      await sleepForever().catch(() => undefined);
      return "swallowed";
    });
    await checkpoint();
    task.cancel();
    await task.join();
    expect(task.state).toEqual({ kind: "succeeded", value: "swallowed" });
  });

  it("cancelled, and it fails while it unwinds: it has failed", async () => {
    const error = new Error("cleanup");
    const task = spawn(async () => {
      try {
        await sleepForever();
      } finally {
        throw error;
      }
    });
    await checkpoint();
    task.cancel();
    await task.join();
    expect(task.state).toEqual({ kind: "failed", error });
  });

  it("a Cancelled that cannot be its own is a failure", async () => {
    const other = open();
    const memoised = runIn(other, () => sleep(60_000));
    memoised.catch(() => undefined); // somebody else looks at it, too
    cancel(other);
    const task = await spawn(() => memoised, "reader").join();
    const state = task.state as { readonly kind: string; readonly error: MisuseError };
    expect(state.kind).toBe("failed");
    expect(state.error).toBeInstanceOf(MisuseError);
    expect(state.error.message).toContain('"reader"');
    expect(isCancelled(state.error.cause)).toBe(true);
  });

  it("cancel is sync, idempotent, the first reason wins; of an ended task it does nothing", async () => {
    const task = spawn(() => sleepForever());
    await checkpoint();
    task.cancel("first");
    task.cancel("second");
    await task.join();
    expect((task.state as { error: Cancelled }).error.reason.reason).toBe("first");
    const done = await spawn(() => 5).join();
    done.cancel();
    expect(done.status).toBe("succeeded");
  });

  it("cancel without a reason leaves the reason out", async () => {
    const task = spawn(() => sleepForever());
    await checkpoint();
    task.cancel();
    await task.join();
    expect((task.state as { error: Cancelled }).error.reason).toEqual({ source: "explicit", scope: "task" });
  });

  it("closes its scope when it ends: what it left running meets Cancelled", async () => {
    let late!: Promise<unknown>;
    await spawn(async () => {
      late = turns(2)
        .then(() => checkpoint())
        .catch((error: unknown) => error);
    }).join();
    expect(await late).toBeInstanceOf(Cancelled);
  });

  it("is counted right although it ends while flows of it are still parked", async () => {
    await run(async () => {
      const { runtime } = currentStatus();
      expect(runtime.movingTasks).toBe(1);
      const leaving = spawn(() => {
        for (let i = 0; i < 3; i++) sleep(60_000).catch(() => undefined);
      });
      await leaving.join();
      await turns(2);
      expect(runtime.movingTasks).toBe(1);
      const failing = spawn(() => {
        sleep(60_000).catch(() => undefined);
        throw new Error("x");
      });
      await failing.join();
      await turns(2);
      expect(runtime.movingTasks).toBe(1);
    });
  });

  it("startNow runs the body up to its first await", async () => {
    const task = new TestTask<string>("t", currentStatus());
    const log: string[] = [];
    task.startNow(async () => {
      log.push("begins");
      await checkpoint();
      return "value";
    });
    log.push("after");
    expect(log).toEqual(["begins", "after"]);
    await task.join();
    expect(task.status).toBe("succeeded");
  });

  it("accepts any thenable from its body", async () => {
    const task = await spawn(
      () => ({ then: (resolve: (value: number) => void) => resolve(5) }) as Promise<number>,
    ).join();
    expect(task.state).toEqual({ kind: "succeeded", value: 5 });
  });

  it("fails with the error of a thenable that cannot be looked at", async () => {
    const error = new Error("no then");
    const task = new TestTask<unknown>("t", currentStatus());
    task.startSoon(() => ({
      get then(): never {
        throw error;
      },
    }));
    await task.join();
    expect(task.state).toEqual({ kind: "failed", error });
  });

  it("startSoon begins tasks first come, first served", async () => {
    const order: number[] = [];
    const tasks = Array.from({ length: 3000 }, (_, i) => spawn(() => void order.push(i)));
    for (const task of tasks) await task.join();
    expect(order).toEqual(tasks.map((_, i) => i));
  });

  it("leaves nobody else in its scope, be it begun inside another or outside of all", async () => {
    const outside = currentStatus();
    const seen = new Set<unknown>();
    const bystander = async (): Promise<void> => {
      for (let i = 0; i < 10; i++) {
        await Promise.resolve();
        seen.add(currentStatus());
      }
    };
    const beside = bystander();
    await spawn(checkpoint).join();
    seen.add(currentStatus());
    await scope(async (inside) => {
      await spawn(checkpoint, "async", inside).join();
      await spawn(() => undefined, "sync", inside).join();
      expect(currentStatus()).toBe(inside);
    });
    await beside;
    expect([...seen, currentStatus()]).toEqual([outside, outside]);
  });

  it("law 3: a live task is held strongly by the core, and can be reached, cancelled and unwound", async () => {
    const unwound: string[] = [];
    const registry = new FinalizationRegistry<string>((name) => unwound.push(`collected ${name}`));
    // nobody but the core knows this task, its scope, or what it waits for
    (() => {
      const parent = open({ name: "forgotten" });
      const body = async (): Promise<void> => {
        try {
          await sleepForever();
        } finally {
          unwound.push("unwound");
        }
      };
      registry.register(spawn(body, "orphan", parent), "the task");
    })();
    await turns(2);
    for (let i = 0; i < 5; i++) {
      globalThis.gc!();
      await turns(2);
    }
    expect(unwound).toEqual([]);
    const isOrphan = (name: string): boolean => name === "forgotten";
    expect(taskTree().find((node) => isOrphan(node.name))?.children[0]).toMatchObject({
      name: "orphan",
      status: "running",
      waitingFor: "sleepForever",
    });
    let found = currentStatus().firstChild;
    while (found !== undefined && !isOrphan(found.name)) found = found.next;
    cancel(found!);
    await eventually(() => unwound.length > 0);
    expect(unwound).toEqual(["unwound"]);
    found!.close();
  });
});

describe("TaskState", () => {
  it("tells its kinds apart", async () => {
    const state: TaskState<number> = (await spawn(() => 5).join()).state;
    if (state.kind === "succeeded") expect(state.value.toFixed(1)).toBe("5.0");
    expect(state.kind).toBe("succeeded");
  });
});

it("a task in a run ends with the run that it was left in", async () => {
  let left!: TestTask<unknown>;
  await run(() =>
    scope(() => {
      left = spawn(() => sleepForever());
    }),
  );
  await eventually(() => left.ended);
  expect(left.status).toBe("cancelled");
});

import { CancelScope, moveOnAfter } from "@espalier/cancel-scope";
import {
  Cancelled,
  checkpoint,
  currentTask,
  currentTime,
  detached,
  isCancelled,
  MisuseError,
  sleep,
  sleepForever,
} from "@espalier/core";
import {
  type Nursery,
  NurseryError,
  openNursery,
  type Task,
  TaskCancelledError,
  TaskFailedError,
} from "@espalier/nursery";
import { expectError, rejection, thrownBy, turns, unhandledDuring } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

import { virtually } from "./support/virtual.ts";

const failure = new Error("failure");

/** The three ways in which a task can end, and what `join` and `value` make of each. */
const ends = [
  {
    status: "succeeded",
    start: (nursery: Nursery, wait: () => Promise<void>) =>
      nursery.startSoon(() => wait().then(() => "value")),
    join: "value",
  },
  {
    status: "failed",
    start: (nursery: Nursery, wait: () => Promise<void>) =>
      nursery.startSoon(async (): Promise<string> => {
        await wait();
        throw failure;
      }),
    join: TaskFailedError,
  },
  {
    status: "cancelled",
    start: (nursery: Nursery, wait: () => Promise<void>) => {
      const task = nursery.startSoon(() => wait().then(() => checkpoint().then(() => "never")));
      task.cancel("why");
      return task;
    },
    join: TaskCancelledError,
  },
] as const;

/** Joins from outside every task and scope, so that the fate of the nursery does not reach the one who joins. */
const joinDetached = <T>(task: Task<T>): Promise<T> => detached(() => task.join());

describe("Task.status", () => {
  it("pending, running, succeeded", async () => {
    await openNursery(async (nursery) => {
      let inside: string | undefined;
      const task: Task = nursery.startSoon(async () => {
        inside = task.status;
        await checkpoint();
      });
      expect(task.status).toBe("pending");
      await task.join();
      expect(inside).toBe("running");
      expect(task.status).toBe("succeeded");
    });
  });

  it.each(ends)("$status, for good", async ({ status, start }) => {
    let task: Task<string> | undefined;
    await openNursery((nursery) => {
      task = start(nursery, () => checkpoint().catch(() => undefined));
    }).catch(() => undefined);
    expect(task!.status).toBe(status);
    task!.cancel();
    expect(task!.status).toBe(status);
  });

  it("cancelled with the nursery or a scope around it is cancelled too", async () => {
    const tasks: Task[] = [];
    await openNursery((nursery) => {
      tasks.push(nursery.startSoon(() => sleepForever()));
      nursery.cancelScope.cancel();
    });
    await moveOnAfter(0, () =>
      openNursery((nursery) => {
        tasks.push(nursery.startSoon(() => sleepForever()));
      }),
    );
    expect(tasks.map((task) => task.status)).toEqual(["cancelled", "cancelled"]);
  });

  it("a task that swallows its cancellation and ends well has succeeded", async () => {
    await openNursery(async (nursery) => {
      const task = nursery.startSoon(() => sleepForever().catch(() => "ended well"));
      await turns();
      task.cancel();
      expect(await task.join()).toBe("ended well");
      expect(task.status).toBe("succeeded");
    });
  });

  it("a cancelled task that fails in its cleanup has failed", async () => {
    let task: Task | undefined;
    const group = await rejection(
      openNursery(async (nursery) => {
        task = nursery.startSoon(() =>
          sleepForever().finally(() => {
            throw failure;
          }),
        );
        await turns();
        task.cancel();
      }),
    );
    expect((group as NurseryError).errors).toEqual([failure]);
    expect(task!.status).toBe("failed");
  });
});

describe("Task.value", () => {
  it("is the value once the task has succeeded, also undefined", async () => {
    await openNursery(async (nursery) => {
      const [task, nothing] = [nursery.startSoon(() => "value"), nursery.startSoon(() => undefined)];
      await Promise.all([task.join(), nothing.join()]);
      expect(task.value).toBe("value");
      expect(nothing.value).toBeUndefined();
    });
  });

  it("before that it throws a MisuseError with the remedy (law 13), in each status", async () => {
    const check = (task: Task, status: string): void => {
      expect(task.status).toBe(status);
      expectError(
        thrownBy(() => task.value),
        MisuseError,
        new RegExp(`"t" has no value: it is ${status}\\. Wait for it with join`),
      );
    };
    await rejection(
      openNursery(async (nursery) => {
        const options = { name: "t" };
        const running = nursery.startSoon(() => turns(), options);
        check(running, "pending");
        const cancelled = nursery.startSoon(() => checkpoint(), options);
        cancelled.cancel();
        await rejection(cancelled.join());
        check(cancelled, "cancelled");
        check(running, "running");
        const failed = nursery.startSoon(() => Promise.reject(failure), options);
        await rejection(failed.join());
        check(failed, "failed");
      }),
    );
  });
});

describe("Task.join", () => {
  /** Checks what `join` did, however the task ended. */
  async function expectJoin(joined: Promise<string>, expected: (typeof ends)[number]["join"]): Promise<void> {
    if (expected === "value") {
      expect(await joined).toBe("value");
      return;
    }
    const error = (await rejection(joined)) as Error;
    expect(error).toBeInstanceOf(expected);
    if (expected === TaskFailedError) expect(error.cause).toBe(failure);
    expect(isCancelled(error)).toBe(false); // the one who joins was not cancelled
  }

  it.each(ends)("begun before the end: $status", ({ start, join }) =>
    virtually(async () => {
      await openNursery(async (nursery) => {
        const task = start(nursery, () => turns(2));
        const joined = expectJoin(joinDetached(task), join);
        await joined;
      }).catch(() => undefined);
    }),
  );

  it.each(ends)("begun after the end: $status", async ({ start, join }) => {
    let task: Task<string> | undefined;
    await openNursery((nursery) => {
      task = start(nursery, () => turns());
    }).catch(() => undefined);
    await expectJoin(task!.join(), join);
    await expectJoin(task!.join(), join); // as often as you like
  });

  it("gives the same value to all that join, oldest first", async () => {
    await openNursery(async (nursery) => {
      const task = nursery.startSoon(() => turns().then(() => ({ one: "value" })));
      const order: number[] = [];
      const values = await Promise.all(
        [0, 1, 2].map((i) =>
          task.join().then((value) => {
            order.push(i);
            return value;
          }),
        ),
      );
      expect(new Set(values).size).toBe(1);
      expect(order).toEqual([0, 1, 2]);
    });
  });

  it("does not take an error away from the nursery (law 3)", async () => {
    const group = (await rejection(
      openNursery(async (nursery) => {
        const task = nursery.startSoon(() => Promise.reject(failure));
        const error = await rejection(task.join());
        expect(error).toBeInstanceOf(TaskFailedError);
      }),
    )) as NurseryError;
    expect(group.errors).toEqual([failure]);
  });

  it("a sibling that joins gets what it waited for, before it is cancelled itself (law 6)", async () => {
    let got: unknown;
    const group = (await rejection(
      openNursery((nursery) => {
        const task = nursery.startSoon(() => turns().then(() => Promise.reject(failure)));
        nursery.startSoon(async () => {
          got = await rejection(task.join());
          await checkpoint();
        });
      }),
    )) as NurseryError;
    expect(got).toBeInstanceOf(TaskFailedError);
    expect(group.errors).toEqual([failure]);
  });

  it("is cancelled with the scope of the one who joins; the task goes on (law 5)", () =>
    virtually(async () => {
      await openNursery(async (nursery) => {
        const task = nursery.startSoon(() => sleep(50).then(() => "value"));
        expect(await moveOnAfter(10, () => task.join())).toBeUndefined();
        expect(currentTime()).toBe(10);
        expect(task.status).toBe("running");
        expect(await task.join()).toBe("value");
      });
    }));

  it("in a cancelled scope raises, though the task has ended long ago (law 4)", async () => {
    await openNursery(async (nursery) => {
      const task = nursery.startSoon(() => "value");
      await task.join();
      const scope = new CancelScope();
      scope.cancel();
      expect(await scope.run(() => rejection(task.join()))).toBeInstanceOf(Cancelled);
    });
  });

  it("gives others a turn, also when the task has ended (law 8)", async () => {
    let stop = false;
    setTimeout(() => (stop = true), 1);
    await openNursery(async (nursery) => {
      const task = nursery.startSoon(() => "value");
      while (!stop) await task.join();
    });
  });

  it("works from outside every scope, and from another nursery (law 10)", async () => {
    await openNursery(async (nursery) => {
      const task = nursery.startSoon(() => turns().then(() => "value"));
      const outside = joinDetached(task);
      await openNursery((other) => {
        other.startSoon(async () => expect(await task.join()).toBe("value"));
      });
      expect(await outside).toBe("value");
    });
  });

  it("of a task by itself is a MisuseError, not a deadlock (law 13)", async () => {
    await openNursery((nursery) => {
      const task: Task = nursery.startSoon(
        async () => {
          expectError(
            await rejection(task.join()),
            MisuseError,
            /"narcissus" joins itself and would wait for ever/,
          );
          await new CancelScope().run(async () => {
            expect(await rejection(task.join())).toBeInstanceOf(MisuseError);
          });
        },
        { name: "narcissus" },
      );
    });
  });

  it("that nobody waits for any more crashes nothing", async () => {
    const unhandled = await unhandledDuring(async () => {
      await rejection(
        openNursery(async (nursery) => {
          const task = nursery.startSoon(() => turns(2).then(() => Promise.reject(failure)));
          await moveOnAfter(0, () => task.join());
          await new CancelScope().run(() => void task.join());
        }),
      );
    });
    expect(unhandled).toEqual([]);
  });
});

describe("Task.cancel", () => {
  it("cancels this task and no other; the nursery goes on", () =>
    virtually(async () => {
      let scope: CancelScope | undefined;
      const value = await openNursery(async (nursery) => {
        scope = nursery.cancelScope;
        const [task, sibling] = [1, 2].map(() => nursery.startSoon(() => sleep(50).then(() => "slept")));
        await sleep(10);
        task!.cancel();
        expect(await rejection(task!.join())).toBeInstanceOf(TaskCancelledError);
        expect(await sibling!.join()).toBe("slept");
        return "the nursery is none the worse";
      });
      expect(value).toBe("the nursery is none the worse");
      expect(scope).toMatchObject({ cancelCalled: false, cancelledCaught: false });
    }));

  it("is sync and idempotent, and the first reason wins", async () => {
    let reason: unknown;
    await openNursery(async (nursery) => {
      const task = nursery.startSoon(
        () =>
          sleepForever().catch((error: unknown) => {
            reason = (error as Cancelled).reason;
            throw error;
          }),
        { name: "t" },
      );
      await turns();
      task.cancel("first");
      task.cancel("second");
    });
    expect(reason).toEqual({ source: "explicit", reason: "first", scope: "t" });
  });

  it("before the task began: it runs to its first checkpoint (DESIGN 4.5)", async () => {
    const steps: string[] = [];
    await openNursery((nursery) => {
      nursery
        .startSoon(async () => {
          steps.push("begun");
          await checkpoint();
          steps.push("never");
        })
        .cancel();
    });
    expect(steps).toEqual(["begun"]);
  });

  it("reaches everything that the task has opened, its own nurseries too", () =>
    virtually(async () => {
      const unwound: string[] = [];
      const wait = (name: string) => () => sleepForever().finally(() => unwound.push(name));
      await openNursery(async (nursery) => {
        const task = nursery.startSoon(() =>
          openNursery((inner) => {
            inner.startSoon(wait("a"));
            inner.startSoon(() => moveOnAfter(1000, wait("b")));
          }),
        );
        await sleep(10);
        task.cancel();
      });
      expect(unwound.sort()).toEqual(["a", "b"]);
      expect(currentTime()).toBe(10);
    }));

  it("a task can cancel itself", async () => {
    await openNursery(async (nursery) => {
      const task = nursery.startSoon(async () => {
        currentTask()!.cancel();
        await checkpoint();
      });
      expect(await rejection(task.join())).toBeInstanceOf(TaskCancelledError);
    });
  });

  it("level-triggered like any other cancellation (law 1)", async () => {
    let raised = 0;
    await openNursery(async (nursery) => {
      const task = nursery.startSoon(async () => {
        for (let i = 0; i < 3; i++) await checkpoint().catch(() => raised++);
      });
      task.cancel();
    });
    expect(raised).toBe(3);
  });

  it("together with a cancellation of the nursery: the nursery's scope catches", async () => {
    let scope: CancelScope | undefined;
    await openNursery(async (nursery) => {
      scope = nursery.cancelScope;
      const task = nursery.startSoon(() => sleepForever());
      await turns();
      task.cancel();
      nursery.cancelScope.cancel();
    });
    expect(scope).toMatchObject({ cancelCalled: true, cancelledCaught: true });
  });
});

describe("TaskFailedError and TaskCancelledError", () => {
  it("say which task", async () => {
    await openNursery(async (nursery) => {
      const task = nursery.startSoon(() => checkpoint(), { name: "t" });
      task.cancel();
      expectError(await rejection(task.join()), TaskCancelledError, /^The task "t" was cancelled$/);
    });
    const failed = await openNursery(async (nursery) => {
      const error = await rejection(nursery.startSoon(() => Promise.reject(failure), { name: "t" }).join());
      expectError(error, TaskFailedError, /^The task "t" failed$/);
      expect((error as Error).name).toBe("TaskFailedError");
    }).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(NurseryError);
  });

  it.each([
    ["NurseryError", NurseryError],
    ["TaskFailedError", TaskFailedError],
    ["TaskCancelledError", TaskCancelledError],
  ])("%s is recognised across installed copies, by its brand (law 12)", (name, type) => {
    class OtherCopy extends Error {
      static readonly brand = `espalier.${name}`;
    }
    expect(new OtherCopy()).toBeInstanceOf(type);
    expect(new Error("x")).not.toBeInstanceOf(type);
  });
});

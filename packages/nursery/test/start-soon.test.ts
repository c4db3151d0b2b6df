import { AsyncLocalStorage } from "node:async_hooks";

import { CancelScope, moveOnAfter } from "@espalier/cancel-scope";
import {
  checkpoint,
  currentEffectiveDeadline,
  currentTask,
  currentTime,
  detached,
  MisuseError,
  sleep,
  sleepForever,
  taskTree,
  type TaskTreeNode,
} from "@espalier/core";
import { type Nursery, openNursery } from "@espalier/nursery";
import { expectError, rejection, thrownBy, turns, unhandledDuring } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

import { virtually } from "./support/virtual.ts";

describe("Nursery.startSoon", () => {
  it("never runs any of the child before it returns (DESIGN 4.5)", async () => {
    const steps: string[] = [];
    await openNursery((nursery) => {
      nursery.startSoon(() => void steps.push("sync child"));
      nursery.startSoon(async () => void steps.push("async child"));
      steps.push("both were started");
    });
    expect(steps).toEqual(["both were started", "sync child", "async child"]);
  });

  it("nor where the scheduler has nothing else to do, nor from a child", async () => {
    await openNursery(async (nursery) => {
      for (let i = 0; i < 20; i++) {
        await turns();
        let ran = false;
        nursery.startSoon(() => void (ran = true));
        expect(ran).toBe(false);
      }
    });
  });

  it("starts children in the order of the calls", async () => {
    const began: number[] = [];
    await openNursery((nursery) => {
      for (let i = 0; i < 100; i++) nursery.startSoon(() => void began.push(i));
    });
    expect(began).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });

  it("takes context variables from the caller, and scopes from the nursery", () =>
    virtually(async () => {
      const variable = new AsyncLocalStorage<string>();
      const seen: unknown[] = [];
      await new CancelScope({ deadline: 1000 }).run(() =>
        openNursery(async (nursery) => {
          await variable.run("the caller's", () =>
            new CancelScope({ deadline: 5 }).run(() => {
              const child = async (): Promise<void> => {
                seen.push(variable.getStore(), currentEffectiveDeadline());
                await checkpoint();
                seen.push(variable.getStore(), currentEffectiveDeadline());
              };
              nursery.startSoon(child);
            }),
          );
          expect(variable.getStore()).toBeUndefined();
        }),
      );
      expect(seen).toEqual(["the caller's", 1000, "the caller's", 1000]);
    }));

  it("so also from outside every scope, and from a scope that is left or cancelled", () =>
    virtually(async () => {
      const ended: string[] = [];
      await openNursery(async (nursery) => {
        await detached(() => {
          nursery.startSoon(() => checkpoint().then(() => ended.push("from detached")));
        });
        await new CancelScope().run(async (scope) => {
          scope.cancel();
          nursery.startSoon(() => checkpoint().then(() => ended.push("from a cancelled scope")));
        });
        await new Promise<void>((resolve) => {
          setTimeout(() => {
            nursery.startSoon(() => checkpoint().then(() => ended.push("from a timer")));
            resolve();
          }, 0);
        });
      });
      expect(ended).toEqual(["from detached", "from a cancelled scope", "from a timer"]);
    }));

  it("works from a child, and from a grandchild in another nursery", () =>
    virtually(async () => {
      const ended: string[] = [];
      await openNursery((outer) => {
        outer.startSoon(() =>
          openNursery((inner) => {
            inner.startSoon(async () => {
              outer.startSoon(() => sleep(50).then(() => ended.push(`outer's, at ${currentTime()}`)));
            });
          }).then(() => ended.push("inner nursery left")),
        );
      });
      expect(ended).toEqual(["inner nursery left", "outer's, at 50"]);
    }));

  it("each child is a task of its own; the body is none", async () => {
    await openNursery(async (nursery) => {
      const around = currentTask();
      const tasks: unknown[] = [];
      const handles = [1, 2].map(() => nursery.startSoon(() => void tasks.push(currentTask())));
      await Promise.all(handles.map((handle) => handle.join()));
      expect(tasks).toEqual(handles);
      expect(tasks[0]).not.toBe(tasks[1]);
      expect(currentTask()).toBe(around);
    });
  });

  it("names a child after its function, or as told", async () => {
    await openNursery((nursery) => {
      async function download(): Promise<void> {
        await checkpoint();
      }
      expect(nursery.startSoon(download).name).toBe("download");
      expect(nursery.startSoon(() => checkpoint()).name).toBe("task");
      expect(nursery.startSoon(download, { name: "the big one" }).name).toBe("the big one");
      const bound = nursery.startSoon(download.bind(undefined));
      expect(bound.name).toBe("bound download");
    });
  });

  it("is seen in the task tree, under its nursery", async () => {
    const find = (nodes: readonly TaskTreeNode[], name: string): TaskTreeNode | undefined =>
      nodes.map((node) => (node.name === name ? node : find(node.children, name))).find(Boolean);
    await openNursery(
      async (nursery) => {
        nursery.startSoon(() => sleepForever(), { name: "waits" });
        nursery.startSoon(() => moveOnAfter(1e6, () => sleepForever()), { name: "in a scope" });
        await turns();
        nursery.startSoon(() => undefined, { name: "not begun" });
        expect(find(taskTree(), "seen")).toMatchObject({
          kind: "nursery",
          status: "open",
          children: [
            { kind: "task", name: "waits", status: "running", waitingFor: "sleepForever" },
            {
              kind: "task",
              name: "in a scope",
              children: [{ name: "moveOnAfter", waitingFor: "sleepForever" }],
            },
            { kind: "task", name: "not begun", status: "pending" },
          ],
        });
        nursery.cancelScope.cancel();
        expect(find(taskTree(), "seen")?.status).toBe("cancelled");
      },
      { name: "seen" },
    );
  });

  it("the waiting exit is seen in the task tree", async () => {
    let tree = "";
    await openNursery(
      (nursery) => {
        nursery.startSoon(async () => {
          await turns();
          tree = JSON.stringify(taskTree());
        });
      },
      { name: "seen at its exit" },
    );
    expect(tree).toContain('"name":"seen at its exit","status":"open","waitingFor":"nursery exit"');
  });

  it("a promise instead of a function is told at once (law 13)", async () => {
    const value = await openNursery((nursery) => {
      const work = async (): Promise<number> => 1;
      expectError(
        thrownBy(() => nursery.startSoon(work() as never)),
        TypeError,
        /^startSoon: you passed a promise; pass the function, not its result/,
      );
      expectError(
        thrownBy(() => nursery.startSoon(5 as never)),
        TypeError,
        /^startSoon needs a function, not a number/,
      );
      expect(nursery.tasks.size).toBe(0);
      return "the nursery is none the worse";
    });
    expect(value).toBe("the nursery is none the worse");
  });
});

describe("the options of startSoon and start", () => {
  it.each<[unknown, RegExp]>([
    [
      "fetcher",
      /^(startSoon|start) takes its options as an object, such as \{ name: "\.\.\." \}, not a string/,
    ],
    [null, /^(startSoon|start) takes its options as an object, .* not null/],
    [{ name: 5 }, /^(startSoon|start)\.name needs a string, not a number/],
    [{ name: null }, /^(startSoon|start)\.name needs a string, not null/],
    [{ daemon: "yes" }, /^(startSoon|start)\.daemon needs true or false, not a string/],
    [{ daemon: 1 }, /^(startSoon|start)\.daemon needs true or false, not a number/],
  ])("law 13: %o is refused, and nothing is started", async (options, says) => {
    await openNursery(async (nursery) => {
      expectError(
        thrownBy(() => nursery.startSoon(sleepForever, options as object)),
        TypeError,
        says,
      );
      expectError(await rejection(nursery.start(sleepForever, options as object)), TypeError, says);
      expect(nursery.tasks.size).toBe(0);
    });
  });

  it("that are undefined are not there", async () => {
    await openNursery((nursery) => {
      const options = { name: undefined, daemon: undefined };
      expect(nursery.startSoon(async () => undefined, options as object).name).toBe("task");
    });
  });
});

describe("a closed nursery", () => {
  it("refuses startSoon and start: MisuseError with the remedy (law 13)", async () => {
    let nursery: Nursery | undefined;
    await openNursery((given) => void (nursery = given), { name: "gone" });
    const remedy = /the nursery "gone" is closed.*Start tasks inside the block/s;
    expectError(
      thrownBy(() => nursery!.startSoon(() => undefined)),
      MisuseError,
      remedy,
    );
    expectError(await rejection(nursery!.start(async () => undefined)), MisuseError, remedy);
    expect(nursery!.tasks.size).toBe(0);
  });

  it("is closed when nothing is left, although its block may not have been left yet", async () => {
    let nursery: Nursery | undefined;
    let last: Promise<unknown> = Promise.resolve();
    await openNursery((given) => {
      nursery = given;
      const child = given.startSoon(() => checkpoint());
      last = child
        .join()
        .then(() => rejection(Promise.resolve().then(() => nursery!.startSoon(() => undefined))));
    });
    expect(await last).toBeInstanceOf(MisuseError);
  });

  it("while a child lives it takes more, also after its body has ended", () =>
    virtually(async () => {
      const ended: string[] = [];
      let nursery: Nursery | undefined;
      const left = openNursery((given) => {
        nursery = given;
        given.startSoon(() => sleep(100));
      });
      await sleep(50); // the body has ended long ago
      nursery!.startSoon(() => sleep(500).then(() => ended.push("late child")));
      await left;
      expect(ended).toEqual(["late child"]);
      expect(currentTime()).toBe(550);
    }));

  it("takes more while it unwinds, too: they are cancelled from the beginning", () =>
    virtually(async () => {
      const steps: string[] = [];
      await openNursery((nursery) => {
        nursery.startSoon(async () => {
          try {
            await sleepForever();
          } finally {
            nursery.startSoon(async () => {
              steps.push("begun");
              await checkpoint().finally(() => steps.push("cancelled"));
            });
          }
        });
        nursery.cancelScope.cancel();
      });
      expect(steps).toEqual(["begun", "cancelled"]);
    }));
});

describe("Nursery.tasks", () => {
  it("holds the children that have not ended, pending ones too; it is a snapshot", async () => {
    await openNursery(async (nursery) => {
      expect(nursery.tasks.size).toBe(0);
      const quick = nursery.startSoon(() => undefined);
      const slow = nursery.startSoon(() => sleepForever());
      const snapshot = nursery.tasks;
      expect([...snapshot]).toEqual([quick, slow]);
      await quick.join();
      expect([...nursery.tasks]).toEqual([slow]);
      expect(snapshot.size).toBe(2);
      expect(nursery.tasks).not.toBe(nursery.tasks);
      for (const task of nursery.tasks) task.cancel();
      await rejection(slow.join());
      expect(nursery.tasks.size).toBe(0);
    });
  });

  it("changing it changes nothing", async () => {
    await openNursery(async (nursery) => {
      const child = nursery.startSoon(() => turns());
      (nursery.tasks as Set<unknown>).clear();
      expect(nursery.tasks.has(child)).toBe(true);
    });
  });
});

describe("law 3: no task is garbage-collected before it ends", () => {
  it.skipIf(globalThis.gc === undefined)(
    "a task that nobody holds survives gc() and runs to its end, as in the essay's example",
    () =>
      virtually(async () => {
        const ended: string[] = [];
        await openNursery(async (nursery) => {
          // expose_bugs: the collector runs while the others wait
          const collector = nursery.startSoon(
            async () => {
              for (;;) {
                await sleep(500);
                globalThis.gc!();
              }
            },
            { daemon: true },
          );
          // has_bug: waits for something that nobody else holds, and nobody holds the task
          nursery.startSoon(() => sleep(2000).then(() => ended.push("slept")));
          nursery.startSoon(() => sleepForever().finally(() => ended.push("unwound")), { daemon: true });
          // the essay's second example: what awaited the task was cancelled and dropped
          const waiter = nursery.startSoon(async () => {
            await nursery.startSoon(() => sleep(1500).then(() => ended.push("not awaited any more"))).join();
          });
          await sleep(1000);
          waiter.cancel();
          expect(collector.status).toBe("running");
        });
        expect(ended).toEqual(["not awaited any more", "slept", "unwound"]);
      }),
  );

  it.skipIf(globalThis.gc === undefined)("but nothing keeps one that has ended", async () => {
    const refs: WeakRef<object>[] = [];
    await openNursery(async (nursery) => {
      const spawn = (): void => {
        const value = { of: "the task" };
        refs.push(new WeakRef(value), new WeakRef(nursery.startSoon(async () => value)));
      };
      for (let i = 0; i < 10; i++) spawn();
      for (let i = 0; i < 50 && refs.some((ref) => ref.deref() !== undefined); i++) {
        await turns(2);
        globalThis.gc!();
      }
      expect(refs.filter((ref) => ref.deref() !== undefined)).toEqual([]);
    });
  });
});

describe("a Cancelled from elsewhere (DESIGN 4.6)", () => {
  /** A promise that was memoised by code in a scope which has been cancelled since. */
  async function memoised(): Promise<{ readonly get: () => Promise<never> }> {
    const scope = new CancelScope({ name: "elsewhere" });
    const cached = new Promise<never>((_resolve, reject) => {
      void scope.run(() => sleepForever().catch(reject));
    });
    cached.catch(() => undefined);
    scope.cancel("long ago");
    await rejection(cached);
    return { get: () => cached };
  }

  it.each<[string, (nursery: Nursery, get: () => Promise<never>) => unknown]>([
    ["a child", (nursery, get) => void nursery.startSoon(get, { name: "asker" })],
    ["the body", (_nursery, get) => get()],
  ])("that ends %s is a failure: MisuseError, with the Cancelled as its cause", async (_who, ask) => {
    const { get } = await memoised();
    const group = (await rejection(
      openNursery((nursery) => ask(nursery, get), { name: "asker" }),
    )) as AggregateError;
    expect(group.errors).toHaveLength(1);
    const [error] = group.errors as [Error];
    expectError(
      error,
      MisuseError,
      /"asker" was ended by a Cancelled.*memoised or shared promise.*detached/s,
    );
    expect(error.cause).toMatchObject({ reason: { source: "explicit", reason: "long ago" } });
  });

  it("cancels the siblings like any other failure", async () => {
    const { get } = await memoised();
    let cancelled = false;
    await rejection(
      openNursery((nursery) => {
        nursery.startSoon(() => sleepForever().finally(() => (cancelled = true)));
        nursery.startSoon(get);
      }),
    );
    expect(cancelled).toBe(true);
  });

  it("is taken for a cancellation where there was one: it cannot be told apart", async () => {
    const { get } = await memoised();
    const value = await openNursery(async (nursery) => {
      nursery.cancelScope.cancel();
      return get();
    });
    expect(value).toBeUndefined();
  });

  it("crashes nothing besides", async () => {
    const { get } = await memoised();
    const unhandled = await unhandledDuring(() =>
      rejection(openNursery((nursery) => nursery.startSoon(get))),
    );
    expect(unhandled).toEqual([]);
  });
});

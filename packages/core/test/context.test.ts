import { checkpoint, currentTask, isCancelled, run, sleep } from "@espalier/core";
import { currentStatus, park, runIn } from "@espalier/core/lowlevel";
import { AsyncLocalStorage } from "node:async_hooks";
import { EventEmitter } from "node:events";
import { rejection, turns } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

import { cancel, open, scope } from "./support/scope.ts";
import { spawn } from "./support/task.ts";

/** The names of the scopes around the running code, innermost first. */
function around(): string[] {
  const names: string[] = [];
  for (let status = currentStatus(); status.parent !== undefined; status = status.parent)
    names.push(status.name);
  return names;
}

describe("the ambient context", () => {
  it("belongs to the body and to everything that it starts, across every kind of await", async () => {
    await scope(
      async () => {
        const ways: (() => Promise<unknown>)[] = [
          () => checkpoint(),
          () => sleep(1),
          () => Promise.resolve(),
          () => turns(1),
          () => new Promise((resolve) => setTimeout(resolve, 1)),
          () => new Promise((resolve) => process.nextTick(resolve)),
          () => new Promise((resolve) => queueMicrotask(() => resolve(undefined))),
          () => Promise.all([sleep(1), checkpoint()]),
        ];
        for (const way of ways) {
          await way();
          expect(around()).toEqual(["outer"]);
        }
      },
      { name: "outer" },
    );
    expect(around()).toEqual([]);
  });

  it("is immutable: scopes side by side under Promise.all in one task nest rightly", async () => {
    await scope(
      async () => {
        const seen = await Promise.all(
          ["a", "b", "c"].map((name, i) =>
            scope(
              async () => {
                const seen = [around()];
                await sleep(3 - i);
                seen.push(around());
                await scope(async () => void seen.push(around()), { name: `${name}'` });
                seen.push(around());
                return seen;
              },
              { name },
            ),
          ),
        );
        for (const [i, name] of ["a", "b", "c"].entries()) {
          const inside = [name, "outer"];
          expect(seen[i]).toEqual([inside, inside, [`${name}'`, ...inside], inside]);
        }
        expect(around()).toEqual(["outer"]);
      },
      { name: "outer" },
    );
  });

  it("cancelling one of several under Promise.all leaves the others alone", async () => {
    const values = await Promise.all([
      scope(async (status) => {
        setImmediate(() => cancel(status));
        await sleep(60_000);
        return "a";
      }),
      scope(async () => {
        await sleep(5);
        return "b";
      }),
    ]);
    expect(values).toEqual([undefined, "b"]);
  });

  it("law 11: an event listener runs in the context of the emitter's caller; runIn takes its own along", async () => {
    const emitter = new EventEmitter();
    const seen: string[][] = [];
    await scope(
      async () => {
        const mine = currentStatus();
        emitter.on("event", () => seen.push(around()));
        emitter.on("event", () => runIn(mine, () => void seen.push(around())));
        emitter.emit("event");
        await scope(() => emitter.emit("event"), { name: "emitter" });
      },
      { name: "listener" },
    );
    expect(seen).toEqual([["listener"], ["listener"], ["emitter", "listener"], ["listener"]]);
  });

  it("a scope that is opened in an event handler nests in the context of the event", async () => {
    const emitter = new EventEmitter();
    let seen: Promise<string[] | undefined> | undefined;
    emitter.on("event", () => {
      seen = scope(
        async () => {
          await sleep(1);
          return around();
        },
        { name: "handler" },
      );
    });
    await scope(
      async () => {
        emitter.emit("event");
        await seen;
      },
      { name: "emitter" },
    );
    expect(await seen).toEqual(["handler", "emitter"]);
  });

  it("a scope in the body of an async generator does not leak to its consumer", async () => {
    const inside: string[][] = [];
    async function* numbers(): AsyncGenerator<number> {
      for (let i = 0; i < 3; i++) {
        await scope(
          async () => {
            await sleep(1);
            inside.push(around());
          },
          { name: "generator" },
        );
        yield i;
      }
    }
    const seen: string[][] = [];
    await scope(
      async () => {
        for await (const _ of numbers()) seen.push(around());
      },
      { name: "consumer" },
    );
    expect(inside).toEqual(Array.from({ length: 3 }, () => ["generator", "consumer"]));
    expect(seen).toEqual(Array.from({ length: 3 }, () => ["consumer"]));
  });

  it("an async generator is cancelled with its consumer", async () => {
    let unwound = false;
    async function* ticks(): AsyncGenerator<number> {
      try {
        for (let i = 0; ; i++) {
          await sleep(1);
          yield i;
        }
      } catch (error) {
        unwound = isCancelled(error);
        throw error;
      }
    }
    await scope(async (status) => {
      for await (const i of ticks()) if (i === 2) cancel(status);
    });
    expect(unwound).toBe(true);
  });

  it("a promise that is awaited elsewhere belongs to where it was made", async () => {
    const maker = open({ name: "maker" });
    const made = runIn(maker, async () => {
      await turns(1);
      return around();
    });
    await scope(async () => expect(await made).toEqual(["maker"]), { name: "consumer" });
    maker.close();
  });

  it("runIn gives what its body gives, and raises what it raises", () => {
    const status = open();
    expect(runIn(status, () => 5)).toBe(5);
    const error = new Error("x");
    expect(() =>
      runIn(status, () => {
        throw error;
      }),
    ).toThrow(error);
    expect(currentStatus()).not.toBe(status);
  });
});

describe("the user's own AsyncLocalStorage", () => {
  const variable = new AsyncLocalStorage<string>();

  it("comes from the caller that starts a task; the scopes come from the task's parent", async () => {
    await run(async () => {
      const parent = open({ name: "nursery" });
      const seen: unknown[] = [];
      const task = variable.run("caller", () =>
        spawn(
          async () => {
            for (let i = 0; i < 3; i++) {
              seen.push([variable.getStore(), around().slice(0, 2)]);
              await sleep(1);
            }
          },
          "child",
          parent,
        ),
      );
      await task.join();
      expect(seen).toEqual(Array.from({ length: 3 }, () => ["caller", ["child", "nursery"]]));
      parent.close();
    });
  });

  it("so it is when the start has to wait for the next turn", async () => {
    await run(async () => {
      const seen: (string | undefined)[] = [];
      const tasks = Array.from({ length: 5000 }, (_, i) =>
        variable.run(String(i), () => spawn(async () => void seen.push(variable.getStore()))),
      );
      for (const task of tasks) await task.join();
      expect(seen).toEqual(Array.from({ length: 5000 }, (_, i) => String(i)));
    });
  });

  it("is kept by a wait, whoever ends it", async () => {
    const operation = variable.run("waiter", () => {
      const operation = park<void>("test");
      return { operation, after: operation.promise.then(() => variable.getStore()) };
    });
    variable.run("waker", () => operation.operation.resume());
    await expect(operation.after).resolves.toBe("waiter");
  });

  it("a change in a child is invisible to its parent and to its siblings", async () => {
    await variable.run("parent", () =>
      run(async () => {
        const tasks = ["a", "b"].map((name) =>
          spawn(async () => {
            variable.enterWith(name);
            await sleep(1);
            return variable.getStore();
          }),
        );
        for (const task of tasks) await task.join();
        expect(tasks.map((task) => (task.state as { value?: unknown }).value)).toEqual(["a", "b"]);
        expect(variable.getStore()).toBe("parent");
      }),
    );
  });
});

describe("currentTask", () => {
  it("is the task whose code runs, in every scope inside it", async () => {
    await run(
      async () => {
        expect(currentTask()?.name).toBe("main");
        await scope(() => expect(currentTask()?.name).toBe("main"));
        const child = spawn(async () => {
          await checkpoint();
          return scope(() => currentTask()?.name);
        }, "child");
        await child.join();
        expect(child.state).toMatchObject({ value: "child" });
      },
      { name: "main" },
    );
    expect(currentTask()).toBeUndefined();
  });

  it("is undefined in a scope outside every task", async () => {
    await scope(() => expect(currentTask()).toBeUndefined());
  });

  it("gives a handle that can cancel", async () => {
    const raised = await rejection(
      run(async () => {
        const task = currentTask()!;
        setImmediate(() => task.cancel("from a callback"));
        await sleep(60_000);
      }),
    );
    expect(raised).toMatchObject({ reason: { reason: "from a callback" } });
  });
});

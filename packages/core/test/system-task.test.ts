import {
  type Cancelled,
  checkpoint,
  currentTask,
  InternalError,
  isCancelled,
  run,
  sleep,
  sleepForever,
  taskTree,
} from "@espalier/core";
import { currentStatus, spawnSystemTask } from "@espalier/core/lowlevel";
import { MockClock } from "@espalier/core/testing";
import { AsyncLocalStorage } from "node:async_hooks";
import { rejection } from "@espalier/test-support";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { Installation } from "./support/installed.ts";
import { cancel, scope } from "./support/scope.ts";

describe("spawnSystemTask", () => {
  it("starts a task that belongs to the run and to no scope around the call", async () => {
    await run(async () => {
      const log: string[] = [];
      await scope(async (status) => {
        const task = spawnSystemTask(
          async () => {
            log.push(currentTask()!.name);
            await checkpoint();
            log.push("goes on");
            await sleepForever();
          },
          { name: "background" },
        );
        expect(task.status).toBe("pending");
        cancel(status);
      });
      await sleep(1);
      expect(log).toEqual(["background", "goes on"]);
    });
  });

  it("runs none of it before it returns", async () => {
    await run(async () => {
      let begun = false;
      spawnSystemTask(async () => {
        begun = true;
      });
      expect(begun).toBe(false);
      await checkpoint();
      expect(begun).toBe(true);
    });
  });

  it("is cancelled when main has ended, and waited for", async () => {
    const log: unknown[] = [];
    const value = await run(async () => {
      spawnSystemTask(async () => {
        try {
          await sleepForever();
        } catch (error) {
          log.push((error as Cancelled).reason.source);
          throw error;
        } finally {
          await scope(() => sleep(10), { shield: true });
          log.push("ended");
        }
      });
      await checkpoint();
      return "value";
    });
    expect(value).toBe("value");
    expect(log).toEqual(["shutdown", "ended"]);
  });

  it("ends under the clock of its run", async () => {
    const log: string[] = [];
    await run(
      async () => {
        spawnSystemTask(async () => {
          try {
            await sleepForever();
          } finally {
            await scope(() => sleep(60_000), { shield: true });
            log.push("ended");
          }
        });
        await sleep(1000);
      },
      { clock: new MockClock({ autojumpThresholdMs: 0 }) },
    );
    expect(log).toEqual(["ended"]);
  });

  it("is in the task tree until it has ended", async () => {
    const names = (): string[] =>
      taskTree().flatMap((node) => node.children.flatMap((child) => child.children.map((each) => each.name)));
    let duringShutdown: string[] = [];
    await run(async () => {
      spawnSystemTask(
        async () => {
          try {
            await sleepForever();
          } finally {
            await scope(() => sleep(1), { shield: true });
            duringShutdown = names();
          }
        },
        { name: "flusher" },
      );
      await checkpoint();
      expect(names()).toEqual(["flusher"]);
    });
    expect(duringShutdown).toEqual(["flusher"]);
  });

  it("one that fails cancels the run, which rejects with InternalError", async () => {
    const cause = new Error("a bug");
    let unwound: unknown;
    const error = (await rejection(
      run(async () => {
        spawnSystemTask(
          async () => {
            await checkpoint();
            throw cause;
          },
          { name: "resolver" },
        );
        try {
          await sleepForever();
        } catch (raised) {
          unwound = raised;
          throw raised;
        }
      }),
    )) as InternalError;
    expect(error).toBeInstanceOf(InternalError);
    expect(error.cause).toBe(cause);
    expect(error.message).toContain('"resolver"');
    expect(error.message).toContain("report it");
    expect((unwound as Cancelled).reason).toMatchObject({ source: "shutdown", reason: error });
  });

  it("what main fails with on its way out is in the cause too", async () => {
    const [bug, cleanup] = [new Error("a bug"), new Error("cleanup")];
    const error = (await rejection(
      run(async () => {
        spawnSystemTask(async () => {
          throw bug;
        });
        try {
          await sleepForever();
        } finally {
          throw cleanup;
        }
      }),
    )) as InternalError;
    expect(error).toBeInstanceOf(InternalError);
    expect(error.cause).toBeInstanceOf(AggregateError);
    expect((error.cause as AggregateError).errors).toEqual([bug, cleanup]);
    expect((error.cause as AggregateError).message).toBe("Error: a bug; Error: cleanup");
  });

  it("so does one that fails while the run shuts down", async () => {
    const error = await rejection(
      run(async () => {
        spawnSystemTask(async () => {
          try {
            await sleepForever();
          } finally {
            throw new Error("a bug in the cleanup");
          }
        });
        await checkpoint();
        return "value";
      }),
    );
    expect(error).toBeInstanceOf(InternalError);
  });

  it("the first of several failures is the one that is told, the others are in its cause", async () => {
    const error = (await rejection(
      run(async () => {
        for (const name of ["first", "second"]) {
          spawnSystemTask(async () => {
            throw new Error(name);
          });
        }
        await sleepForever();
      }),
    )) as Error;
    expect(error.message).toContain("failed");
    const [first, second] = (error.cause as AggregateError).errors as Error[];
    expect(first?.message).toBe("first");
    expect((second?.cause as Error).message).toBe("second");
  });

  it("one that is cancelled by itself is no failure", async () => {
    await run(async () => {
      const task = spawnSystemTask(() => sleepForever());
      await checkpoint();
      task.cancel("done with it");
      await sleep(1);
      expect(task.status).toBe("cancelled");
    });
  });

  it("has the user's context variables of the caller", async () => {
    const variable = new AsyncLocalStorage<string>();
    await run(async () => {
      const seen: (string | undefined)[] = [];
      variable.run("caller", () => {
        spawnSystemTask(async () => {
          seen.push(variable.getStore());
          await sleep(1);
          seen.push(variable.getStore());
        });
      });
      await sleep(10);
      expect(seen).toEqual(["caller", "caller"]);
    });
  });

  it("names itself: by the option, by the function, else system task", async () => {
    await run(async () => {
      async function flushLogs(): Promise<void> {
        await sleepForever();
      }
      expect(spawnSystemTask(flushLogs).name).toBe("flushLogs");
      expect(spawnSystemTask(flushLogs, { name: "logs" }).name).toBe("logs");
      expect(spawnSystemTask(async () => undefined).name).toBe("system task");
    });
  });

  it("law 13: refuses what is not a function, at once", () => {
    expect(() => spawnSystemTask(sleep(0) as never)).toThrow(TypeError);
    expect(() => spawnSystemTask(sleep(0) as never)).toThrow("spawnSystemTask: you passed a promise");
    expect(() => spawnSystemTask(() => sleep(0), { name: 5 as never })).toThrow(
      "spawnSystemTask.name needs a string, not a number.",
    );
  });

  it("law 10: works outside every run", async () => {
    const task = spawnSystemTask(async () => {
      await sleep(1);
      return currentStatus().runtime.root.name;
    });
    while (!task.ended) await sleep(1);
    expect(task.state).toEqual({ kind: "succeeded", value: "ambient" });
  });

  it("what is spawned after the run is over meets Cancelled", async () => {
    let late!: Promise<unknown>;
    await run(async () => {
      spawnSystemTask(() => checkpoint()); // so that there are system tasks to be shut down
      late = (async () => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        return new Promise((resolve) => {
          spawnSystemTask(() => checkpoint().catch(resolve));
        });
      })();
    });
    expect(isCancelled(await late)).toBe(true);
  });
});

describe("a system task that fails outside every run", () => {
  let installation: Installation;
  beforeAll(async () => {
    installation = await Installation.make();
  });
  afterAll(() => {
    installation.remove();
  });

  it("is an uncaught exception", async () => {
    const ended = await installation.run(`
      import { spawnSystemTask } from "@espalier/core/lowlevel";
      process.on("uncaughtException", (error) => {
        console.log(error.name, error.cause.message);
      });
      spawnSystemTask(async () => { throw new Error("a bug"); }, { name: "resolver" });
    `);
    expect(ended).toMatchObject({ code: 0, stdout: "InternalError a bug\n", stderr: "" });
  });
});

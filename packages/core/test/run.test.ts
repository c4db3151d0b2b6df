import {
  checkpoint,
  currentTask,
  currentTime,
  DeadlockError,
  detached,
  isCancelled,
  MisuseError,
  run,
  sleep,
  sleepForever,
  taskTree,
} from "@espalier/core";
import { currentStatus, park, runIn } from "@espalier/core/lowlevel";
import { MockClock, runWith } from "@espalier/core/testing";
import { EventEmitter } from "node:events";
import { rejection, turns } from "@espalier/test-support";
import { describe, expect, expectTypeOf, it } from "vitest";

import { cancel, open, scope } from "./support/scope.ts";
import { spawn } from "./support/task.ts";

describe("run", () => {
  it("gives the value of main", async () => {
    await expect(
      run(async () => {
        await checkpoint();
        return { answer: 42 };
      }),
    ).resolves.toEqual({ answer: 42 });
    expectTypeOf(run(() => 5)).toEqualTypeOf<Promise<number>>();
    expectTypeOf(run(async () => "x")).toEqualTypeOf<Promise<string>>();
  });

  it("raises the very error of main, unwrapped", async () => {
    const error = new Error("x");
    expect(
      await rejection(
        run(async () => {
          await checkpoint();
          throw error;
        }),
      ),
    ).toBe(error);
    expect(await rejection(run(() => Promise.reject(undefined)))).toBeUndefined();
  });

  it("takes a sync main as well", async () => {
    await expect(run(() => 5)).resolves.toBe(5);
    const error = new Error("x");
    expect(
      await rejection(
        run(() => {
          throw error;
        }),
      ),
    ).toBe(error);
  });

  it("awaits what main gives, whatever kind of promise it is", async () => {
    const thenable = {
      then: (resolve: (value: string) => void): void => void setImmediate(resolve, "thenable"),
    };
    await expect(run(() => thenable as unknown as Promise<string>)).resolves.toBe("thenable");
  });

  it("runs main up to its first await before it returns", async () => {
    let begun = false;
    const running = run(() => {
      begun = true;
    });
    expect(begun).toBe(true);
    await running;
  });

  it.each([
    ["a promise", Promise.resolve(1), "run: you passed a promise; pass the function, not its result"],
    ["a thenable", { then: () => undefined }, "you passed a promise"],
    ["nothing", undefined, "run needs a function, not undefined."],
    ["an object", {}, "run needs a function, not an object."],
    ["a string", "main", "run needs a function, not a string."],
  ])("laws 4 and 13: %s instead of a function rejects with a TypeError", async (_name, main, says) => {
    let promise!: Promise<unknown>;
    expect(() => (promise = run(main as never))).not.toThrow();
    const error = await rejection(promise);
    expect(error).toBeInstanceOf(TypeError);
    expect((error as Error).message).toContain(says);
  });

  it("law 4: is no checkpoint itself, and sees nothing of what is around", async () => {
    await run(async () => {
      expect(currentStatus().parent?.kind).toBe("run");
      expect(currentStatus().parent?.parent).toBeUndefined();
    });
  });

  it("names its main task: by the option, by the function, else main", async () => {
    const name = (): string => `${currentTask()!.name}/${currentStatus().parent!.name}`;
    async function importUsers(): Promise<string> {
      return name();
    }
    await expect(run(name, { name: "import" })).resolves.toBe("import/import");
    await expect(run(importUsers)).resolves.toBe("importUsers/importUsers");
    await expect(run(() => name())).resolves.toBe("main/main");
  });

  it("uses the clock that it is given", async () => {
    const clock = new MockClock();
    clock.jump(500);
    await expect(run(() => currentTime(), { clock })).resolves.toBe(500);
  });

  it("law 7: what main leaves behind meets Cancelled", async () => {
    let floating!: Promise<void>;
    await run(() => {
      floating = sleep(60_000);
      floating.catch(() => undefined);
    });
    expect(isCancelled(await rejection(floating))).toBe(true);
  });

  it("leaves no trace in the task tree, however it ends", async () => {
    const before = taskTree().length;
    await run(() => 5);
    await rejection(run(() => Promise.reject(new Error("x"))));
    const clock = new MockClock();
    await run(
      async () => {
        expect(taskTree()).toHaveLength(before + 1);
        await rejection(detached(() => run(() => 5, { clock }))); // refused: the clock is taken
        expect(taskTree()).toHaveLength(before + 1);
      },
      { clock },
    );
    expect(taskTree()).toHaveLength(before);
  });

  it("a main task that cancels itself ends the run with that Cancelled", async () => {
    const error = await rejection(
      run(async () => {
        currentTask()!.cancel("enough");
        await checkpoint();
      }),
    );
    expect(isCancelled(error)).toBe(true);
    expect(error).toMatchObject({ reason: { source: "explicit", reason: "enough" } });
  });

  it("law 1: a main task that cancels itself and swallows it ends well", async () => {
    await expect(
      run(async () => {
        currentTask()!.cancel();
        await checkpoint().catch(() => undefined);
        return "swallowed";
      }),
    ).resolves.toBe("swallowed");
  });

  it("law 3: a stray Cancelled is no way to end a run", async () => {
    const status = open();
    const memoised = runIn(status, () => sleep(60_000));
    cancel(status);
    const error = await rejection(run(() => memoised));
    expect(error).toBeInstanceOf(MisuseError);
    expect(isCancelled((error as Error).cause)).toBe(true);
  });
});

describe("the options of a run", () => {
  const clockWanted =
    "run.clock needs a clock, an object with the methods now and delayUntil, such as new MockClock().";

  it.each<[unknown, string]>([
    [5, 'run takes its options as an object, such as { name: "..." }, not a number.'],
    [{ name: 5 }, "run.name needs a string, not a number."],
    [{ clock: {} }, clockWanted],
    [{ clock: null }, clockWanted],
    [{ clock: MockClock }, clockWanted],
    [{ clock: { now: () => 0 } }, clockWanted],
    [{ instruments: {} }, "run.instruments needs a list of instruments: [instrument]."],
    [{ debug: "0" }, "run.debug needs true or false, not a string."],
  ])("law 13: refuses %o, and does not begin", async (options, says) => {
    let begun = false;
    const error = await rejection(run(() => (begun = true), options as object));
    expect(error).toEqual(new TypeError(says));
    expect(begun).toBe(false);
  });

  it("are refused in the name of the function that the user called", async () => {
    const options = { caller: "runVirtual", name: 5 as never };
    expect(await rejection(runWith(() => 5, options))).toMatchObject({
      message: "runVirtual.name needs a string, not a number.",
    });
  });

  it("that are undefined are not there", async () => {
    const options = { name: undefined, clock: undefined, instruments: undefined, debug: undefined };
    expect(await run(() => 5, options as object)).toBe(5);
  });
});

describe("a run inside a run", () => {
  it("law 13: is a MisuseError that says where, and names the remedies", async () => {
    const error = (await rejection(run(() => run(() => 5), { name: "server" }))) as Error;
    expect(error).toBeInstanceOf(MisuseError);
    expect(error.message).toContain('run was called inside the task "server"');
    expect(error.message).toContain("Call the function directly");
    expect(error.message).toContain("detached(() => run(...))");
  });

  it("law 13: so it is inside a scope without any run", async () => {
    const error = (await rejection(scope(() => run(() => 5), { name: "request" }))) as Error;
    expect(error).toBeInstanceOf(MisuseError);
    expect(error.message).toContain('inside the scope "request"');
  });

  it("names the function that the user called", async () => {
    const error = (await rejection(run(() => runWith(() => 5, { caller: "runVirtual" })))) as Error;
    expect(error.message).toContain("runVirtual was called inside");
  });

  it("is fine in detached", async () => {
    await expect(run(() => detached(() => run(() => "inner")))).resolves.toBe("inner");
  });

  it("is fine in a listener that was made outside", async () => {
    const emitter = new EventEmitter();
    let result: Promise<number> | undefined;
    await detached(() => {
      emitter.on("go", () => (result = run(() => 5)));
    });
    emitter.emit("go");
    await expect(result).resolves.toBe(5);
  });
});

describe("concurrent runs", () => {
  it("know nothing of each other", async () => {
    const body = async (ms: number): Promise<[number, string]> => {
      await sleep(ms);
      return [currentTime(), currentTask()!.name];
    };
    const clocks = [0, 1, 2].map(() => new MockClock({ autojumpThresholdMs: 0 }));
    const results = await Promise.all(
      clocks.map((clock, i) => run(() => body(1000 * (i + 1)), { clock, name: `run ${i}` })),
    );
    expect(results).toEqual([
      [1000, "run 0"],
      [2000, "run 1"],
      [3000, "run 2"],
    ]);
  });

  it("an error in one leaves the other alone", async () => {
    const [bad, good] = await Promise.allSettled([
      run(async () => {
        await checkpoint();
        throw new Error("x");
      }),
      run(async () => {
        await sleep(5);
        return "good";
      }),
    ]);
    expect([bad.status, good]).toEqual(["rejected", { status: "fulfilled", value: "good" }]);
  });
});

describe("detached", () => {
  it("runs outside every scope, task and run, on real time", async () => {
    const clock = new MockClock();
    await run(
      async () => {
        await scope(async (status) => {
          cancel(status);
          await expect(
            detached(async () => {
              await checkpoint();
              expect(currentTask()).toBeUndefined();
              expect(currentTime()).toBeGreaterThan(0);
              return "free";
            }),
          ).resolves.toBe("free");
        });
      },
      { clock },
    );
  });

  it("law 7: what begins in it outlives the scope around the call", async () => {
    let later!: Promise<string>;
    await scope(async () => {
      later = detached(async () => {
        await turns(2);
        await checkpoint();
        return "still running";
      });
    });
    await expect(later).resolves.toBe("still running");
  });

  it("law 7: so do the listeners that are made in it", async () => {
    const emitter = new EventEmitter();
    let answer: Promise<string> | undefined;
    await scope(() =>
      detached(() => {
        emitter.on("request", () => (answer = checkpoint().then(() => "served")));
      }),
    );
    emitter.emit("request");
    await expect(answer).resolves.toBe("served");
  });

  it("gives the value, raises the error, takes a sync body", async () => {
    await expect(detached(() => 5)).resolves.toBe(5);
    const error = new Error("x");
    expect(
      await rejection(
        detached(() => {
          throw error;
        }),
      ),
    ).toBe(error);
  });

  it("laws 4 and 13: rejects what is not a function", async () => {
    const error = await rejection(detached(Promise.resolve() as never));
    expect(error).toBeInstanceOf(TypeError);
    expect((error as Error).message).toContain("detached: you passed a promise");
  });

  it("law 4: is no checkpoint: its body runs in a cancelled scope", async () => {
    await scope(async (status) => {
      cancel(status);
      await expect(detached(() => "ran")).resolves.toBe("ran");
    });
  });
});

describe("law 10: no ceremony", () => {
  it("everything works without run, and belongs to no task", async () => {
    expect(currentTask()).toBeUndefined();
    await sleep(1);
    await checkpoint();
    expect(await scope(() => sleep(60_000), { deadline: currentTime() + 5 })).toBeUndefined();
    const task = spawn(async () => {
      await sleep(1);
      return currentTask()?.name;
    }, "worker");
    await task.join();
    expect(task.state).toEqual({ kind: "succeeded", value: "worker" });
  });
});

describe("runWith({ deadlockWhenBlocked })", () => {
  it("takes a standstill for a deadlock at once, with the tree of that moment", async () => {
    const error = (await rejection(
      runWith(
        async () => {
          spawn(() => park("channel.receive").promise.then(() => undefined), "consumer");
          await park("join").promise;
        },
        { name: "program", deadlockWhenBlocked: true },
      ),
    )) as Error;
    expect(error).toBeInstanceOf(DeadlockError);
    expect(error.message).toBe(
      [
        "Every task waits, and nothing is left that could wake one:",
        'run "program": open',
        '└─ task "program": running, waiting for join',
        '   └─ task "consumer": running, waiting for channel.receive',
      ].join("\n"),
    );
  });

  it("a sleep or a deadline is no deadlock", async () => {
    await runWith(
      async () => {
        await sleep(20);
        await scope(() => sleepForever(), { deadline: currentTime() + 20 });
      },
      { deadlockWhenBlocked: true },
    );
  });

  it("foreign work is no deadlock", async () => {
    await runWith(() => turns(5), { deadlockWhenBlocked: true });
  });

  it("unwinds main: its finally blocks run, and may take their time behind a shield", async () => {
    const log: string[] = [];
    const error = await rejection(
      runWith(
        async () => {
          try {
            await sleepForever();
          } finally {
            await scope(() => sleep(10), { shield: true });
            log.push("cleaned up");
          }
        },
        { deadlockWhenBlocked: true },
      ),
    );
    expect(error).toBeInstanceOf(DeadlockError);
    expect(log).toEqual(["cleaned up"]);
  });

  it("rejects also when main swallows the Cancelled", async () => {
    const error = await rejection(
      runWith(
        async () => {
          await sleepForever().catch(() => undefined);
          return "swallowed";
        },
        { deadlockWhenBlocked: true },
      ),
    );
    expect(error).toBeInstanceOf(DeadlockError);
  });
});

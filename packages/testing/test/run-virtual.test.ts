import { failAfter, moveOnAfter, TooSlowError } from "@espalier/cancel-scope";
import { openMemoryChannel } from "@espalier/channel";
import {
  currentTask,
  currentTime,
  DeadlockError,
  detached,
  MisuseError,
  run,
  sleep,
  sleepForever,
  sleepUntil,
} from "@espalier/core";
import { openNursery } from "@espalier/nursery";
import { turns } from "@espalier/test-support";
import { runVirtual, waitAllTasksBlocked } from "@espalier/testing";
import { describe, expect, expectTypeOf, it } from "vitest";

import { foreign } from "./support/foreign.ts";
import { rejection } from "./support/rejection.ts";

describe("runVirtual", () => {
  it("gives the value of its body, sync or async", async () => {
    const value = await runVirtual(() => Promise.resolve("async"));
    expectTypeOf(value).toEqualTypeOf<string>();
    expect(value).toBe("async");
    expect(await runVirtual(() => 5)).toBe(5);
  });

  it("raises the error of its body as itself", async () => {
    const error = new Error("mine");
    const failing = runVirtual(async () => {
      await sleep(1);
      throw error;
    });
    expect(await rejection(failing)).toBe(error);
  });

  it("jumps over a year in no time", async () => {
    const started = performance.now();
    const year = 365 * 24 * 60 * 60 * 1000;
    const time = await runVirtual(async () => {
      await sleep(year);
      return currentTime();
    });
    expect(time).toBe(year);
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it("starts the clock at 0, or where it is told", async () => {
    expect(await runVirtual(() => currentTime())).toBe(0);
    const times = await runVirtual(
      async () => {
        const start = currentTime();
        await sleep(250);
        await sleepUntil(1250);
        return [start, currentTime()];
      },
      { startTime: 1000 },
    );
    expect(times).toEqual([1000, 1250]);
  });

  it("can start at a calendar time, which sleepUntil and deadlines then take", async () => {
    const startTime = Date.UTC(2030, 0, 1);
    const time = await runVirtual(
      async () => {
        await sleepUntil(startTime + 60_000);
        return currentTime();
      },
      { startTime },
    );
    expect(time).toBe(startTime + 60_000);
  });

  it("ends time limits before what is slower, and never before what is faster", async () => {
    await runVirtual(async () => {
      await expect(failAfter(1000, () => sleep(1001))).rejects.toBeInstanceOf(TooSlowError);
      expect(currentTime()).toBe(1000);
      expect(await moveOnAfter(1000, () => sleep(999).then(() => "in time"))).toBe("in time");
      expect(currentTime()).toBe(1999);
    });
  });

  it("goes through sleeps of all tasks in order of their times", async () => {
    const log: string[] = [];
    await runVirtual(() =>
      openNursery((nursery) => {
        for (const ms of [30, 0.9, 10, 0.2, 20])
          nursery.startSoon(async () => {
            await sleep(ms);
            log.push(`${ms} at ${currentTime()}`);
          });
      }),
    );
    expect(log).toEqual(["0.2 at 0.2", "0.9 at 0.9", "10 at 10", "20 at 20", "30 at 30"]);
  });

  it("does not jump while a task waits for its turn", async () => {
    await runVirtual(async () => {
      const [send, receive] = openMemoryChannel<number>();
      await openNursery(async (nursery) => {
        nursery.startSoon(async () => {
          for (let i = 0; i < 5000; i++) await send.send(i);
          send.close();
        });
        let count = 0;
        const all = await moveOnAfter(1, async () => {
          for await (const item of receive) expect(item).toBe(count++);
          return "all";
        });
        expect(all).toBe("all");
        expect(count).toBe(5000);
        expect(currentTime()).toBe(0);
      });
    });
  });

  it("serves waitAllTasksBlocked before it jumps", async () => {
    const log: string[] = [];
    await runVirtual(() =>
      openNursery((nursery) => {
        nursery.startSoon(async () => {
          await sleep(10);
          log.push("slept");
        });
        nursery.startSoon(async () => {
          await waitAllTasksBlocked();
          log.push(`blocked at ${currentTime()}`);
        });
      }),
    );
    expect(log).toEqual(["blocked at 0", "slept"]);
  });

  it("names its main task after the body", async () => {
    const name = await runVirtual(function program() {
      return currentTask()?.name;
    });
    expect(name).toBe("program");
  });

  it("is a root of its own, side by side with others", async () => {
    const body = async (): Promise<number> => {
      for (let i = 0; i < 100; i++) await sleep(i);
      return currentTime();
    };
    expect(await Promise.all([runVirtual(body), runVirtual(body, { seed: 5 }), runVirtual(body)])).toEqual([
      4950, 4950, 4950,
    ]);
  });

  it("inside a task or scope is a misuse; inside detached it is fine", async () => {
    const inside = await run(() => rejection(runVirtual(() => 1)));
    expect(inside).toBeInstanceOf(MisuseError);
    expect(inside.message).toContain("runVirtual was called inside the task");
    expect(await runVirtual(() => detached(() => runVirtual(() => sleep(5).then(() => currentTime()))))).toBe(
      5,
    );
  });
});

describe("runVirtual and deadlocks", () => {
  it("tells at once, with the tree", async () => {
    const started = performance.now();
    const error = await rejection(
      runVirtual(async function program() {
        const [, receive] = openMemoryChannel<number>();
        await sleep(5);
        await openNursery(
          (nursery) => {
            nursery.startSoon(() => receive.receive(), { name: "reader" });
          },
          { name: "readers" },
        );
      }),
    );
    expect(error).toBeInstanceOf(DeadlockError);
    expect(error.message).toContain('task "reader": running, waiting for channel.receive');
    expect(error.message).toContain('nursery "readers"');
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it("lets the program unwind first", async () => {
    const log: string[] = [];
    await rejection(
      runVirtual(async () => {
        try {
          await sleepForever();
        } finally {
          log.push("unwound");
        }
      }),
    );
    expect(log).toEqual(["unwound"]);
  });

  it("rejects also when the program swallows the cancellation", async () => {
    const error = await rejection(
      runVirtual(async () => {
        await sleepForever().catch(() => undefined);
        return "well";
      }),
    );
    expect(error).toBeInstanceOf(DeadlockError);
  });

  it("is none while a sleep or a time limit is to come", async () => {
    expect(
      await runVirtual(async () => {
        await moveOnAfter(1000, () => sleepForever());
        return currentTime();
      }),
    ).toBe(1000);
  });

  it("is none while a task awaits something foreign", async () => {
    const value = await runVirtual(async () => {
      const [send, receive] = openMemoryChannel<string>();
      return openNursery(async (nursery) => {
        nursery.startSoon(async () => {
          await foreign(60); // longer than foreignQuietMs
          await send.send("from outside");
        });
        return receive.receive();
      });
    });
    expect(value).toBe("from outside");
  });
});

describe("runVirtual and foreign awaits", () => {
  it("waits for what comes soon, before it jumps", async () => {
    const time = await runVirtual(
      async () => {
        let seen: number | undefined;
        await openNursery((nursery) => {
          nursery.startSoon(() => sleep(1000));
          nursery.startSoon(async () => {
            for (let i = 0; i < 5; i++) await turns(3);
            seen = currentTime();
          });
        });
        return seen;
      },
      { foreignQuietMs: 10_000 },
    );
    expect(time).toBe(0);
  });

  it("jumps when nothing has moved for foreignQuietMs", async () => {
    let answer!: (value: string) => void;
    const foreignAnswer = new Promise<string>((resolve) => (answer = resolve));
    const seen = await runVirtual(() =>
      openNursery(async (nursery) => {
        nursery.startSoon(async () => {
          await sleep(60_000);
          answer(`asked at ${currentTime()}`); // it would never come if the clock waited for it
        });
        return foreignAnswer;
      }),
    );
    expect(seen).toBe("asked at 60000");
  });

  it("with foreignQuietMs Infinity, waits for the foreign thing however long it takes", async () => {
    const seen = await runVirtual(
      () =>
        openNursery(async (nursery) => {
          nursery.startSoon(() => sleep(10));
          await foreign(60);
          return currentTime();
        }),
      { foreignQuietMs: Infinity },
    );
    expect(seen).toBe(0);
  });
});

describe("runVirtual, arguments", () => {
  it("rejects what is wrong, and never throws", async () => {
    expect((await rejection(runVirtual(Promise.resolve() as never))).message).toContain(
      "you passed a promise",
    );
    const body = (): number => 1;
    expect(await rejection(runVirtual(body, { seed: "1" as never }))).toBeInstanceOf(TypeError);
    expect(await rejection(runVirtual(body, { seed: 1.5 }))).toBeInstanceOf(RangeError);
    expect(await rejection(runVirtual(body, { seed: NaN }))).toBeInstanceOf(RangeError);
    expect(await rejection(runVirtual(body, { startTime: -1 }))).toBeInstanceOf(RangeError);
    expect(await rejection(runVirtual(body, { startTime: NaN }))).toBeInstanceOf(RangeError);
    expect(await rejection(runVirtual(body, { startTime: Infinity }))).toBeInstanceOf(RangeError);
    expect(await rejection(runVirtual(body, { foreignQuietMs: -1 }))).toBeInstanceOf(RangeError);
    expect(await runVirtual(body, { foreignQuietMs: Infinity, seed: -7 })).toBe(1);
  });
});

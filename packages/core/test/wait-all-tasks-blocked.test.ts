import { Cancelled, checkpoint, currentTime, run, sleep, sleepForever } from "@espalier/core";
import { park, parkAbroad, ParkingLot } from "@espalier/core/lowlevel";
import { MockClock, waitAllTasksBlocked } from "@espalier/core/testing";
import { setTimeout as delay } from "node:timers/promises";
import { rejection } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

import { cancel, scope } from "./support/scope.ts";
import { spawn } from "./support/task.ts";
import { timers, timersBackTo } from "./support/timers.ts";

describe("waitAllTasksBlocked", () => {
  it("waits until every other task is parked", async () => {
    await run(async () => {
      const log: string[] = [];
      const gate = new ParkingLot();
      const tasks = [1, 2, 3].map((n) =>
        spawn(async () => {
          for (let i = 0; i < 100 * n; i++) await checkpoint();
          log.push(`parked ${n}`);
          await gate.park("gate", undefined);
        }),
      );
      await waitAllTasksBlocked();
      expect(log).toEqual(["parked 1", "parked 2", "parked 3"]);
      gate.unparkAll();
      for (const task of tasks) await task.join();
    });
  });

  it("returns when there is nobody else", async () => {
    await run(() => waitAllTasksBlocked());
    await waitAllTasksBlocked();
  });

  it("a pending task is not parked: it has yet to begin", async () => {
    await run(async () => {
      let begun = false;
      const task = spawn(async () => {
        begun = true;
        await sleepForever();
      });
      await waitAllTasksBlocked();
      expect(begun).toBe(true);
      task.cancel();
      await task.join();
    });
  });

  it("a task that awaits something foreign is not parked while it may come soon", async () => {
    await run(async () => {
      let woken = false;
      const task = spawn(async () => {
        await delay(5);
        woken = true;
        await sleepForever();
      });
      await waitAllTasksBlocked();
      expect(woken).toBe(true);
      task.cancel();
      await task.join();
    });
  });

  it.each([
    ["a promise", () => new Promise<never>(() => undefined)],
    ["an operation that waits for something outside", () => parkAbroad<never>("socket").promise],
  ])("does not wait for ever for %s", async (_what, wait) => {
    await run(async () => {
      const task = spawn(wait);
      const start = performance.now();
      await waitAllTasksBlocked();
      expect(performance.now() - start).toBeGreaterThan(15);
      const again = performance.now();
      await waitAllTasksBlocked(40);
      expect(performance.now() - again).toBeGreaterThan(35);
      task.cancel();
    });
  });

  it("takes a task for parked if one of its flows waits", async () => {
    await run(async () => {
      const task = spawn(() => Promise.all([sleepForever(), new Promise(() => undefined)]));
      await waitAllTasksBlocked();
      task.cancel();
      await task.join();
    });
  });

  it("sees a task park that foreign code had woken", async () => {
    await run(async () => {
      let answer!: () => void;
      const foreign = new Promise<void>((resolve) => (answer = resolve));
      const log: string[] = [];
      const task = spawn(async () => {
        await foreign;
        log.push("woken");
        await sleepForever();
      });
      setTimeout(answer, 10);
      await waitAllTasksBlocked();
      log.push("blocked");
      expect(log).toEqual(["woken", "blocked"]);
      task.cancel();
      await task.join();
    });
  });

  it("the smallest cushion goes first", async () => {
    await run(async () => {
      const log: number[] = [];
      const tasks = [30, 0, 15].map((cushion) =>
        spawn(async () => {
          await waitAllTasksBlocked(cushion);
          log.push(cushion);
        }),
      );
      for (const task of tasks) await task.join();
      expect(log).toEqual([0, 15, 30]);
    });
  });

  it("equal cushions go together: none of them sees the others as moving", async () => {
    await run(async () => {
      let awake = 0;
      const seen: number[] = [];
      const tasks = Array.from({ length: 5 }, () =>
        spawn(async () => {
          await waitAllTasksBlocked(5);
          awake++;
          await checkpoint();
          await checkpoint();
          seen.push(awake);
          await sleepForever();
        }),
      );
      await waitAllTasksBlocked(10);
      expect(seen).toEqual([5, 5, 5, 5, 5]);
      for (const task of tasks) task.cancel();
      for (const task of tasks) await task.join();
    });
  });

  it("those that wake put the longer cushions back to their start", async () => {
    await run(async () => {
      let lastMove = 0;
      const mover = spawn(async () => {
        await waitAllTasksBlocked(10);
        for (let i = 0; i < 5; i++) {
          const next = park<void>("poke");
          setTimeout(() => next.resume(), 10);
          await next.promise;
          lastMove = performance.now();
        }
      });
      await waitAllTasksBlocked(40);
      expect(mover.ended).toBe(true);
      expect(performance.now() - lastMove).toBeGreaterThanOrEqual(38);
    });
  });

  it("cushions are real time, whatever the clock of the run", async () => {
    const clock = new MockClock();
    await run(
      async () => {
        const real = performance.now();
        await waitAllTasksBlocked(25);
        expect(performance.now() - real).toBeGreaterThanOrEqual(23);
        expect(currentTime()).toBe(0);
      },
      { clock },
    );
  });

  it("comes before a clock that jumps by itself", async () => {
    const log: string[] = [];
    await run(
      async () => {
        const sleeper = spawn(async () => {
          await sleep(10);
          log.push("slept");
        });
        await waitAllTasksBlocked();
        log.push(`blocked@${currentTime()}`);
        await waitAllTasksBlocked();
        log.push(`blocked again@${currentTime()}`);
        await sleeper.join();
      },
      { clock: new MockClock({ autojumpThresholdMs: 0 }) },
    );
    expect(log).toEqual(["blocked@0", "blocked again@0", "slept"]);
  });

  it("a clock with a smaller cushion jumps first", async () => {
    await run(
      async () => {
        let slept = false;
        const sleeper = spawn(async () => {
          await sleep(10);
          slept = true;
        });
        await waitAllTasksBlocked(20);
        expect(slept).toBe(true);
        await sleeper.join();
      },
      { clock: new MockClock({ autojumpThresholdMs: 0 }) },
    );
  });

  it("law 5: cancelled while it waits it is withdrawn, and leaves no timer", async () => {
    const before = timers();
    await run(async () => {
      await scope(async (status) => {
        setImmediate(() => setImmediate(() => cancel(status)));
        expect(await rejection(waitAllTasksBlocked(60_000))).toBeInstanceOf(Cancelled);
      });
    });
    await timersBackTo(before);
  });

  it("looks at its own run only", async () => {
    await run(async () => {
      let over = false;
      const busy = (async () => {
        while (!over) await new Promise((resolve) => setImmediate(resolve)); // foreign work in the same process
      })();
      await Promise.race([
        waitAllTasksBlocked(),
        delay(5000).then(() => Promise.reject(new Error("too late"))),
      ]);
      over = true;
      await busy;
    });
  });
});

import { type ClockHost, currentTime, detached, MisuseError, run, sleep, sleepUntil } from "@espalier/core";
import { park, ParkingLot } from "@espalier/core/lowlevel";
import { MockClock } from "@espalier/core/testing";
import { setTimeout as delay } from "node:timers/promises";
import { rejection, turns } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

import { Installation } from "./support/installed.ts";
import { scope } from "./support/scope.ts";
import { spawn } from "./support/task.ts";

describe("MockClock", () => {
  it("starts at 0 and stands still", async () => {
    const clock = new MockClock();
    expect(clock.now()).toBe(0);
    await delay(5);
    expect(clock.now()).toBe(0);
    expect([clock.rate, clock.autojumpThresholdMs]).toEqual([0, Infinity]);
  });

  it.each([
    ["rate", () => new MockClock({ rate: -1 }), "MockClock.rate needs a duration of 0 ms or more, not -1."],
    ["rate NaN", () => new MockClock({ rate: NaN }), "MockClock.rate"],
    [
      "autojumpThresholdMs",
      () => new MockClock({ autojumpThresholdMs: -1 }),
      "MockClock.autojumpThresholdMs",
    ],
    ["foreignQuietMs", () => new MockClock({ foreignQuietMs: NaN }), "MockClock.foreignQuietMs"],
    ["jump", () => new MockClock().jump(-1), "MockClock.jump needs a duration of 0 ms or more, not -1."],
    ["jump NaN", () => new MockClock().jump(NaN), "MockClock.jump"],
    ["rate Infinity", () => new MockClock({ rate: Infinity }), "needs a finite number"],
    ["rate =", () => (new MockClock().rate = -1), "MockClock.rate"],
    [
      "autojumpThresholdMs =",
      () => (new MockClock().autojumpThresholdMs = NaN),
      "MockClock.autojumpThresholdMs",
    ],
  ])("law 13: a wrong %s is a RangeError", (_name, wrong, says) => {
    expect(wrong).toThrow(RangeError);
    expect(wrong).toThrow(says);
  });

  it("delayUntil: 0 for what has passed, Infinity when it stands still, else in real milliseconds", () => {
    const clock = new MockClock();
    expect([clock.delayUntil(-5), clock.delayUntil(0), clock.delayUntil(5)]).toEqual([0, 0, Infinity]);
    clock.rate = 10;
    expect(clock.delayUntil(clock.now() + 1000)).toBeLessThanOrEqual(100);
    expect(clock.delayUntil(clock.now() + 1000)).toBeGreaterThan(90);
  });
});

describe("MockClock.jump", () => {
  it("moves time, without a run as well", () => {
    const clock = new MockClock();
    clock.jump(5);
    clock.jump(0);
    clock.jump(2.5);
    expect(clock.now()).toBe(7.5);
  });

  it("fires what falls due, in order of time", async () => {
    const clock = new MockClock();
    const log: number[] = [];
    await run(
      async () => {
        const sleeps = [30, 10, 20, 40].map(async (ms) => {
          await sleep(ms);
          log.push(ms);
        });
        clock.jump(30);
        await turns(2);
        expect(log).toEqual([10, 20, 30]);
        expect(currentTime()).toBe(30);
        clock.jump(10);
        await Promise.all(sleeps);
        expect(log).toEqual([10, 20, 30, 40]);
      },
      { clock },
    );
  });
});

describe("MockClock.rate", () => {
  it("runs by itself, so many times as fast as real time", async () => {
    const clock = new MockClock({ rate: 100 });
    await run(
      async () => {
        const real = performance.now();
        await sleep(2000); // 20 ms of real time
        expect(currentTime()).toBeGreaterThanOrEqual(2000);
        expect(performance.now() - real).toBeLessThan(2000);
        expect(performance.now() - real).toBeGreaterThan(15);
      },
      { clock },
    );
  });

  it("is assignable: acts at once, and time does not leap", async () => {
    const clock = new MockClock();
    await run(
      async () => {
        const sleeping = sleep(1000);
        clock.rate = 1000;
        await sleeping;
        clock.rate = 0;
        const stopped = clock.now();
        expect(stopped).toBeGreaterThanOrEqual(1000);
        await delay(5);
        expect(clock.now()).toBe(stopped);
      },
      { clock },
    );
  });
});

describe("MockClock.autojumpThresholdMs", () => {
  it("jumps to the next deadline when every task is parked", async () => {
    const real = performance.now();
    const times: number[] = [];
    await run(
      async () => {
        for (const ms of [1000, 86_400_000, 0.5]) {
          await sleep(ms);
          times.push(currentTime());
        }
      },
      { clock: new MockClock({ autojumpThresholdMs: 0 }) },
    );
    expect(times).toEqual([1000, 86_401_000, 86_401_000.5]);
    expect(performance.now() - real).toBeLessThan(5000);
  });

  it("does not jump while a task still moves", async () => {
    await run(
      async () => {
        const child = spawn(async () => {
          await delay(20); // foreign, so the task is not parked
          return currentTime();
        });
        await sleep(1000);
        expect(child.ended).toBe(true);
        expect(child.state).toMatchObject({ kind: "succeeded", value: 0 });
      },
      { clock: new MockClock({ autojumpThresholdMs: 0 }) },
    );
  });

  it("counts real time: the cushion has to pass without a move", async () => {
    const clock = new MockClock({ autojumpThresholdMs: 30 });
    const real = performance.now();
    await run(() => sleep(1000), { clock });
    expect(performance.now() - real).toBeGreaterThanOrEqual(28);
    expect(clock.now()).toBe(1000);
  });

  it("begins the cushion anew when something moves", async () => {
    const clock = new MockClock({ autojumpThresholdMs: 40 });
    let lastMove = 0;
    await run(
      async () => {
        const gate = new ParkingLot();
        let pokes = 0;
        const poked = spawn(async () => {
          for (;;) {
            const next = park<void>("poke");
            setTimeout(() => next.resume(), 10);
            await next.promise;
            lastMove = performance.now();
            if (++pokes === 8) break;
          }
          await gate.park("gate", undefined);
        });
        await sleep(1000);
        expect(pokes).toBe(8);
        expect(performance.now() - lastMove).toBeGreaterThanOrEqual(38);
        gate.unparkAll();
        await poked.join();
      },
      { clock },
    );
  });

  it("is assignable: acts at once", async () => {
    const clock = new MockClock();
    await run(
      async () => {
        const sleeping = sleep(1000);
        await turns(3);
        expect(clock.now()).toBe(0);
        clock.autojumpThresholdMs = 0;
        await sleeping;
        clock.autojumpThresholdMs = Infinity;
        const second = sleep(1000);
        await turns(5);
        expect(clock.now()).toBe(1000);
        clock.jump(1000);
        await second;
      },
      { clock },
    );
  });

  it("wakes two that are due together at the same time, in order", async () => {
    const log: string[] = [];
    await run(
      async () => {
        const tasks = ["a", "b", "c"].map((name) =>
          spawn(async () => {
            await sleepUntil(100);
            log.push(`${name}@${currentTime()}`);
          }),
        );
        for (const task of tasks) await task.join();
      },
      { clock: new MockClock({ autojumpThresholdMs: 0 }) },
    );
    expect(log).toEqual(["a@100", "b@100", "c@100"]);
  });

  it("a deadline of a scope is jumped to as well", async () => {
    await run(
      async () => {
        await scope(() => sleep(Infinity), { deadline: 5000 });
        expect(currentTime()).toBe(5000);
      },
      { clock: new MockClock({ autojumpThresholdMs: 0 }) },
    );
  });
});

describe("MockClock.foreignQuietMs", () => {
  it("a task that awaits something foreign holds the jump back until nothing has moved for so long", async () => {
    const real = performance.now();
    const clock = new MockClock({ autojumpThresholdMs: 0, foreignQuietMs: 30 });
    await run(
      async () => {
        let answer!: () => void;
        const foreign = new Promise<void>((resolve) => (answer = resolve));
        const child = spawn(() => foreign);
        await sleep(1000);
        expect(performance.now() - real).toBeGreaterThanOrEqual(28);
        expect(child.ended).toBe(false);
        answer();
        await child.join();
      },
      { clock },
    );
  });

  it("20 ms by default", async () => {
    const clock = new MockClock({ autojumpThresholdMs: 0 });
    await run(
      async () => {
        const child = spawn(() => new Promise(() => undefined));
        const real = performance.now();
        await sleep(1000);
        expect(performance.now() - real).toBeGreaterThanOrEqual(18);
        expect(child.ended).toBe(false);
      },
      { clock },
    );
  });

  it("with Infinity it is waited for, however long it takes", async () => {
    const clock = new MockClock({ autojumpThresholdMs: 0, foreignQuietMs: Infinity });
    await run(
      async () => {
        const child = spawn(() => delay(60));
        await sleep(1000);
        expect(child.ended).toBe(true);
      },
      { clock },
    );
  });
});

describe("MockClock.attach", () => {
  it("law 13: two runs at once on one clock are a MisuseError that names the remedy", async () => {
    const clock = new MockClock();
    await run(
      async () => {
        const error = await rejection(detached(() => run(() => "never", { clock })));
        expect(error).toBeInstanceOf(MisuseError);
        expect((error as Error).message).toContain("make a new one for each run");
      },
      { clock },
    );
  });

  it("lets go of its run: a cushion that has begun does not keep the process alive", async () => {
    const installation = await Installation.make();
    try {
      const ended = await installation.run(`
        import { run, sleep } from "@espalier/core";
        import { MockClock } from "@espalier/core/testing";
        const clock = new MockClock({ autojumpThresholdMs: 3_600_000 });
        await run(async () => {
          setTimeout(() => clock.jump(10), 20);
          await sleep(10);
        }, { clock });
        console.log("over");
      `);
      expect(ended).toMatchObject({ code: 0, signal: null, stdout: "over\n", stderr: "" });
    } finally {
      installation.remove();
    }
  });

  it("one after another is fine; time goes on", async () => {
    const clock = new MockClock({ autojumpThresholdMs: 0 });
    await run(() => sleep(10), { clock });
    await run(() => sleep(10), { clock });
    expect(clock.now()).toBe(20);
  });
});

describe("a Clock of one's own", () => {
  it("is attached once, told of nothing it does not need, and detached when the run is over", async () => {
    const log: string[] = [];
    let now = 7;
    let host!: ClockHost;
    const value = await run(
      async () => {
        expect(currentTime()).toBe(7);
        expect(host.nextDeadline()).toBe(Infinity);
        const sleeping = sleep(5);
        expect(host.nextDeadline()).toBe(12);
        now = 12;
        host.timeChanged();
        await sleeping;
        return "done";
      },
      {
        clock: {
          now: () => now,
          delayUntil: () => Infinity,
          attach: (given) => {
            log.push("attached");
            host = given;
            return () => log.push("detached");
          },
        },
      },
    );
    expect(value).toBe("done");
    expect(log).toEqual(["attached", "detached"]);
  });
});

import { DeadlockError, currentTime, sleep, sleepForever } from "@espalier/core";
import { park, type Parked } from "@espalier/core/lowlevel";
import { Deadline, Deadlines, MockClock, runWith, SeededScheduler } from "@espalier/core/testing";
import { describe, expect, it } from "vitest";

import { scope } from "./support/scope.ts";
import { spawn } from "./support/task.ts";

describe("MockClock, jumping to the next deadline", () => {
  it("arrives there exactly, whatever floating-point sums come to", async () => {
    // 0.2 + (0.9 - 0.2) is a hair before 0.9: a clock that adds the distance stops short of the deadline, for ever
    const clock = new MockClock({ autojumpThresholdMs: 0 });
    const woken = await runWith(
      async () => {
        const times = [0.2, 0.9, 3.1, 3.9].map(async (ms) => {
          await sleep(ms);
          return currentTime();
        });
        return Promise.all(times);
      },
      { clock, deadlockWhenBlocked: true },
    );
    expect(woken).toEqual([0.2, 0.9, 3.1, 3.9]);
  });
});

describe("MockClock and awaits of something foreign", () => {
  const foreign = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it("jumps again after a foreign await between two sleeps", async () => {
    const end = await runWith(
      async () => {
        for (let i = 0; i < 3; i++) {
          await sleep(5);
          await foreign();
        }
        return currentTime();
      },
      { clock: new MockClock({ autojumpThresholdMs: 0 }) },
    );
    expect(end).toBe(15);
  });

  it("jumps for a flow that begins to sleep while its task counts as parked already", async () => {
    const clock = new MockClock({ autojumpThresholdMs: 0 });
    const end = await runWith(
      async () => {
        const other = park<void>("other");
        const late = async (): Promise<void> => {
          for (let i = 0; i < 10; i++) await foreign(); // long enough for the clock to find that nothing moves
          await sleep(5);
          other.resume();
        };
        await Promise.all([other.promise, late()]);
        return currentTime();
      },
      { clock },
    );
    expect(end).toBe(5);
  });
});

describe("MockClock, when a task awaits something foreign all the time", () => {
  it("jumps for a task that begins to sleep meanwhile", async () => {
    const end = await runWith(
      async () => {
        let event: Parked<void> | undefined;
        let finish!: (time: number) => void;
        const foreign = new Promise<number>((resolve) => (finish = resolve));
        const child = spawn(async () => {
          event = park<void>("event");
          await event.promise;
          await sleep(5);
          finish(currentTime());
        });
        setTimeout(() => event?.resume(), 50); // the clock has found by then that there is nothing to jump to
        const time = await foreign;
        await child.join();
        return time;
      },
      { clock: new MockClock({ autojumpThresholdMs: 0, foreignQuietMs: 1 }) },
    );
    expect(end).toBe(5);
  });
});

describe("runWith({ deadlockWhenBlocked })", () => {
  it("gives up a main that stands still again while it unwinds", async () => {
    const stuck = runWith(() => scope(() => sleepForever(), { shield: true, name: "for ever" }), {
      clock: new MockClock({ autojumpThresholdMs: 0 }),
      deadlockWhenBlocked: true,
    });
    await expect(stuck).rejects.toThrow(DeadlockError);
    await expect(stuck).rejects.toThrow("sleepForever");
  });
});

describe("Deadlines under another order of resumptions", () => {
  /** Takes its time, so that the real clock would cut a turn short. */
  class Slow extends Deadline {
    expire(): void {
      const until = performance.now() + 0.05;
      while (performance.now() < until);
    }
    protected letGo(): void {
      // it is about nothing
    }
  }

  it("fire together when they are due together, however slow the machine", () => {
    const clock = new MockClock();
    const deadlines = new Deadlines(clock, new SeededScheduler(1));
    for (let i = 0; i < 300; i++) deadlines.add(new Slow(deadlines, 5));
    clock.jump(5);
    deadlines.check();
    expect(deadlines.size).toBe(0);
  });
});

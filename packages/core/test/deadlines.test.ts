import { checkpoint, type Clock, currentTime, run, sleep, sleepForever, sleepUntil } from "@espalier/core";
import { setDeadline } from "@espalier/core/lowlevel";
import { BudgetedScheduler, Deadline, Deadlines, MockClock } from "@espalier/core/testing";
import { eventually } from "@espalier/test-support";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";

import { assertHeapInvariants } from "./support/heap-invariants.ts";
import { Installation } from "./support/installed.ts";
import { open, scope } from "./support/scope.ts";
import { timers, timersBackTo } from "./support/timers.ts";

class Bell extends Deadline {
  private readonly ring: () => void;
  constructor(deadlines: Deadlines, time: number, ring: () => void) {
    super(deadlines, time);
    this.ring = ring;
  }
  expire(): void {
    this.ring();
  }
  protected letGo(): void {
    // it is about nothing that could be collected
  }
}

afterEach(() => {
  vi.restoreAllMocks(); // first: a spy on the fake setTimeout would put it back in the place of the real one
  vi.useRealTimers();
});

describe("Deadlines", () => {
  it("equal times fire first come, first served, however many and whatever was removed in between", async () => {
    const clock: Clock = { now: () => 10, delayUntil: () => Infinity };
    const deadlines = new Deadlines(clock, new BudgetedScheduler());
    const fired: number[] = [];
    const bells = Array.from({ length: 1000 }, (_, i) => {
      const bell = new Bell(deadlines, 5, () => fired.push(i));
      deadlines.add(bell);
      return bell;
    });
    for (let i = 0; i < 1000; i += 3) bells[i]!.cancel();
    deadlines.check();
    await eventually(() => deadlines.size === 0); // a slow machine takes several turns for them
    expect(fired).toEqual(bells.map((_, i) => i).filter((i) => i % 3 !== 0));
  });

  it("one in the place of another, for the same time, is behind its equals", () => {
    const deadlines = new Deadlines({ now: () => 10, delayUntil: () => Infinity }, new BudgetedScheduler());
    const fired: string[] = [];
    const a = new Bell(deadlines, 5, () => fired.push("a"));
    const b = new Bell(deadlines, 5, () => fired.push("b"));
    deadlines.add(a);
    deadlines.add(b);
    a.cancel();
    deadlines.add(new Bell(deadlines, 5, () => fired.push("again a")));
    deadlines.check();
    expect(fired).toEqual(["b", "again a"]);
  });

  it("cancelling twice, or after it has fired, is harmless", () => {
    const deadlines = new Deadlines({ now: () => 10, delayUntil: () => Infinity }, new BudgetedScheduler());
    let fired = 0;
    const bell = new Bell(deadlines, 5, () => fired++);
    deadlines.add(bell);
    deadlines.check();
    bell.cancel();
    bell.cancel();
    deadlines.check();
    expect([fired, deadlines.size]).toEqual([1, 0]);
  });

  it("Infinity is no deadline", () => {
    const deadlines = new Deadlines({ now: () => 0, delayUntil: (time) => time }, new BudgetedScheduler());
    const bell = new Bell(deadlines, Infinity, () => undefined);
    deadlines.add(bell);
    expect([deadlines.size, deadlines.next]).toEqual([0, Infinity]);
    bell.cancel();
    assertHeapInvariants(deadlines);
  });

  it("law 8: when very many are due at once, timers and I/O get their turn in between", async () => {
    const deadlines = new Deadlines({ now: () => 10, delayUntil: () => Infinity }, new BudgetedScheduler());
    const count = 500_000;
    let fired = 0;
    for (let i = 0; i < count; i++) deadlines.add(new Bell(deadlines, i % 10, () => fired++));
    let firedAtFirstTurn = -1;
    setImmediate(() => {
      firedAtFirstTurn = fired;
    });
    deadlines.check();
    await eventually(() => fired === count);
    expect(firedAtFirstTurn).toBeGreaterThan(0);
    expect(firedAtFirstTurn).toBeLessThan(count);
  });

  it("all sleeps of a runtime share one native timer, which is dropped when the last has gone", async () => {
    const before = timers();
    await run(() =>
      scope(async (status) => {
        const set = vi.spyOn(globalThis, "setTimeout");
        const sleeps = Array.from({ length: 1000 }, (_, i) => sleep(60_000 + i));
        expect(set).toHaveBeenCalledTimes(1);
        set.mockRestore();
        setImmediate(() => status.cancel({ source: "explicit" }));
        await Promise.all(sleeps);
      }),
    );
    await timersBackTo(before);
  });

  it("a time limit that is never reached leaves no timer", async () => {
    const before = timers();
    for (let i = 0; i < 100; i++) {
      const status = open();
      setDeadline(status, currentTime() + 60_000);
      await checkpoint();
      status.close();
    }
    await timersBackTo(before);
  });

  it("a scope that was cancelled keeps no timer for its deadline", async () => {
    const before = timers();
    const status = open();
    setDeadline(status, currentTime() + 60_000);
    status.cancel({ source: "explicit" });
    await timersBackTo(before);
    status.close();
  });
});

describe("the native timer", () => {
  it("splits delays past 2^31 - 1 ms, which Node would take for 1 ms", async () => {
    vi.useFakeTimers();
    const set = vi.spyOn(globalThis, "setTimeout");
    const far = 2 ** 32 + 5000;
    let woken = false;
    const sleeping = run(() => sleep(far)).then(() => (woken = true)); // a run has a timer of its own
    await vi.advanceTimersByTimeAsync(far - 1);
    expect(woken).toBe(false);
    await vi.advanceTimersByTimeAsync(2);
    expect(woken).toBe(true);
    expect(set.mock.calls.every((call) => (call[1] ?? 0) <= 2 ** 31 - 1)).toBe(true);
    await sleeping;
  });

  it("is armed again when a nearer deadline comes, and when a clock says that more time is needed", async () => {
    vi.useFakeTimers();
    const woken: string[] = [];
    const all = run(() =>
      Promise.all([
        sleep(1000).then(() => woken.push("late")),
        sleep(10).then(() => woken.push("early")),
        sleep(500).then(() => woken.push("middle")),
      ]),
    );
    await vi.advanceTimersByTimeAsync(11);
    expect(woken).toEqual(["early"]);
    await vi.advanceTimersByTimeAsync(490);
    expect(woken).toEqual(["early", "middle"]);
    await vi.advanceTimersByTimeAsync(500);
    await all;
    expect(woken).toEqual(["early", "middle", "late"]);
  });

  it("firing early does not wake anybody early", async () => {
    let asked = 0;
    const hasty: Clock = {
      now: () => performance.now(),
      delayUntil: (time) => {
        asked++;
        return (time - performance.now()) / 2; // the timer comes at half time, again and again
      },
    };
    await run(
      async () => {
        const end = currentTime() + 40;
        await sleepUntil(end);
        expect(currentTime()).toBeGreaterThanOrEqual(end);
      },
      { clock: hasty },
    );
    expect(asked).toBeGreaterThan(1);
  });

  it("never wakes early, whatever the fraction of a millisecond", async () => {
    const sleeps = Array.from({ length: 200 }, async (_, i) => {
      const ms = (i * 37) / 160;
      const end = currentTime() + ms;
      await sleep(ms);
      return currentTime() - end;
    });
    const late = await Promise.all(sleeps);
    expect(Math.min(...late)).toBeGreaterThanOrEqual(0);
  });

  it("a clock that does not move by itself arms none", async () => {
    const clock = new MockClock();
    await run(
      async () => {
        const set = vi.spyOn(globalThis, "setTimeout");
        const sleeping = sleep(1000);
        expect(set).not.toHaveBeenCalled();
        clock.jump(1000);
        await sleeping;
      },
      { clock },
    );
  });
});

describe("the life of the process", () => {
  let installation: Installation;
  beforeAll(async () => {
    installation = await Installation.make();
  });
  afterAll(() => {
    installation.remove();
  });

  it("a live sleep keeps it alive", async () => {
    const ended = await installation.run(`
      import { sleep } from "@espalier/core";
      void sleep(50).then(() => console.log("slept"));
    `);
    expect(ended).toMatchObject({ code: 0, stdout: "slept\n", stderr: "" });
  });

  it("a live deadline keeps it alive", async () => {
    const ended = await installation.run(`
      import { currentTime } from "@espalier/core";
      import { ambient, CancelStatus, currentStatus, setDeadline, whenCancelled } from "@espalier/core/lowlevel";
      const status = new CancelStatus("scope", "s", ambient, false).bind(currentStatus());
      whenCancelled(status, () => console.log("cancelled"));
      setDeadline(status, currentTime() + 50);
    `);
    expect(ended).toMatchObject({ code: 0, stdout: "cancelled\n", stderr: "" });
  });

  it("ends promptly when the last sleep and the last deadline have gone", async () => {
    const ended = await installation.run(`
      import { currentTime, sleep } from "@espalier/core";
      import { ambient, CancelStatus, currentStatus, runIn, setDeadline } from "@espalier/core/lowlevel";
      const open = () => new CancelStatus("scope", "s", ambient, false).bind(currentStatus());
      const left = open();
      setDeadline(left, currentTime() + 3_600_000);
      left.close();
      const cancelled = open();
      setDeadline(cancelled, currentTime() + 3_600_000);
      const sleeping = runIn(cancelled, () => sleep(3_600_000));
      cancelled.cancel({ source: "explicit" });
      await sleeping.catch((error) => console.log(error.name));
    `);
    expect(ended).toMatchObject({ code: 0, signal: null, stdout: "Cancelled\n", stderr: "" });
  });

  it("a timer that a nearer deadline replaced does not keep it alive", async () => {
    const ended = await installation.run(`
      import { currentTime, sleep } from "@espalier/core";
      import { ambient, CancelStatus, currentStatus, setDeadline } from "@espalier/core/lowlevel";
      const far = new CancelStatus("scope", "s", ambient, false).bind(currentStatus());
      setDeadline(far, currentTime() + 3_600_000);
      const near = sleep(10);
      far.close();
      await near;
      console.log("slept");
    `);
    expect(ended).toMatchObject({ code: 0, signal: null, stdout: "slept\n", stderr: "" });
  });

  it("sleepForever does not keep it alive", async () => {
    const ended = await installation.run(`
      import { sleepForever, sleep } from "@espalier/core";
      void sleepForever();
      void sleep(Infinity);
      console.log("started");
    `);
    expect(ended).toMatchObject({ code: 0, signal: null, stdout: "started\n", stderr: "" });
  });
});

it("sleepForever arms no timer", async () => {
  const set = vi.spyOn(globalThis, "setTimeout");
  await scope(async (status) => {
    const forever = [sleepForever(), sleep(Infinity)];
    expect(set).not.toHaveBeenCalled();
    status.cancel({ source: "explicit" });
    await Promise.all(forever);
  });
});

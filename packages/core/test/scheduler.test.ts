import {
  checkpoint,
  checkpointIfCancelled,
  isCancelled,
  sleep,
  sleepForever,
  sleepUntil,
} from "@espalier/core";
import { park, type Parked, ParkingLot, pass } from "@espalier/core/lowlevel";
import { BudgetedScheduler, type Resumption } from "@espalier/core/testing";
import { eventually, turns } from "@espalier/test-support";
import { describe, expect, it, vi } from "vitest";

import { Installation } from "./support/installed.ts";
import { cancel, inCancelledScope, scope } from "./support/scope.ts";
import { spawn } from "./support/task.ts";

/** Far more than a turn of the event loop lets through. */
const many = 10_000;
/** A loop that should have been interrupted long ago gives up after so many milliseconds. */
const patienceMs = 10_000;

function burn(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

/** Runs `step` again and again until a timer of 1 ms and a `setImmediate` have fired; false if they never do. */
async function letsOthersIn(step: () => Promise<unknown>): Promise<boolean> {
  let timer = false;
  let immediate = false;
  setTimeout(() => (timer = true), 1);
  setImmediate(() => (immediate = true));
  const end = performance.now() + patienceMs;
  while (!(timer && immediate)) {
    await step();
    if (performance.now() > end) return false;
  }
  return true;
}

describe("the order of resumptions", () => {
  it("law 8: is first come, first served, also across the budget of a turn", async () => {
    const order: string[] = [];
    const operations = Array.from({ length: many }, () => park<number>("test"));
    const expected: string[] = [];
    const flows = operations.map(async (operation, i) => {
      const value = await operation.promise;
      order.push(`first ${value}`);
      const second = park<number>("test");
      second.resume(i); // lines up behind all that were resumed before
      order.push(`second ${await second.promise}`);
    });
    operations.forEach((operation, i) => operation.resume(i));
    await Promise.all(flows);
    for (const round of ["first", "second"]) for (let i = 0; i < many; i++) expected.push(`${round} ${i}`);
    expect(order).toEqual(expected);
  });

  it("law 8: what passes without waiting keeps its place between what was resumed", async () => {
    const order: number[] = [];
    const flows: Promise<unknown>[] = [];
    for (let i = 0; i < many; i++) {
      if (i % 2 === 0) flows.push(pass(i).then((each) => order.push(each)));
      else {
        const operation: Parked<number> = park("test");
        flows.push(operation.promise.then((each) => order.push(each)));
        operation.resume(i);
      }
    }
    await Promise.all(flows);
    // Within a turn the two kinds may differ by a microtask; nobody is overtaken by a turn.
    const furthest = Math.max(...order.map((value, place) => Math.abs(value - place)));
    expect(furthest).toBeLessThanOrEqual(64);
    expect(order.filter((each) => each % 2 === 1)).toEqual(
      [...order.filter((each) => each % 2 === 1)].sort((a, b) => a - b),
    );
    expect(order.filter((each) => each % 2 === 0)).toEqual(
      [...order.filter((each) => each % 2 === 0)].sort((a, b) => a - b),
    );
  });

  it("law 8: flows that do nothing but checkpoint take turns", async () => {
    const counts = [0, 0, 0, 0];
    await Promise.all(
      counts.map(async (_, flow) => {
        for (let i = 0; i < 5000; i++) {
          await checkpoint();
          counts[flow] = i;
          expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  it("a million moves", async () => {
    let moves = 0;
    const flow = async (): Promise<void> => {
      while (moves < 1_000_000) {
        moves++;
        await checkpoint();
      }
    };
    await Promise.all([flow(), flow()]);
    expect(moves).toBeGreaterThanOrEqual(1_000_000);
  });
});

describe("the budget of a turn", () => {
  it("law 8: timers and I/O get a turn beside an endless loop of checkpoints", async () => {
    expect(await letsOthersIn(() => checkpoint())).toBe(true);
  });

  it("law 8: and beside an endless ping-pong of two flows", async () => {
    const [ping, pong] = [new ParkingLot<boolean>(), new ParkingLot<boolean>()];
    let rounds = 0;
    const echo = (async () => {
      while (await pong.park("pong", undefined)) ping.unpark(true);
    })();
    const fired = await letsOthersIn(async () => {
      rounds++;
      const answer = ping.park("ping", undefined);
      pong.unpark(true);
      await answer;
    });
    pong.unpark(false);
    await echo;
    expect(fired).toBe(true);
    expect(rounds).toBeGreaterThan(0);
  });

  it("law 8: again and again", async () => {
    let fired = 0;
    const tick = (): void => {
      if (++fired < 50) setTimeout(tick, 1);
    };
    setTimeout(tick, 1);
    const end = performance.now() + patienceMs;
    while (fired < 50 && performance.now() < end) await checkpoint();
    expect(fired).toBe(50);
  });

  const ways: readonly [string, () => Promise<unknown>][] = [
    ["checkpoint", () => checkpoint()],
    ["checkpointIfCancelled", () => checkpointIfCancelled()],
    ["sleep", () => sleep(1)],
    ["sleep(0)", () => sleep(0)],
    ["sleepUntil", () => sleepUntil(0)],
    ["sleepForever", () => sleepForever()],
    ["park", () => park("test").promise],
    ["ParkingLot.park", () => new ParkingLot().park("test", undefined)],
  ];
  it.each(ways)("law 8: and beside a loop that catches every Cancelled of %s", async (_name, wait) => {
    await inCancelledScope(async () => {
      const fired = await letsOthersIn(async () => {
        try {
          await wait();
        } catch (error) {
          expect(isCancelled(error)).toBe(true);
        }
      });
      expect(fired).toBe(true);
    });
  });

  it("law 8: is spent by time as well as by count, when the steps between checkpoints are slow", async () => {
    let burned = 0;
    let burnedAtFirstTurn = -1;
    await turns();
    setImmediate(() => (burnedAtFirstTurn = burned));
    const flows = Array.from({ length: 20 }, async () => {
      while (burnedAtFirstTurn < 0 && burned < 1000) {
        await checkpoint();
        burn(1);
        burned++;
      }
    });
    await Promise.all(flows);
    // a first round of the twenty may be under way before anybody reads the clock
    expect(burnedAtFirstTurn).toBeLessThanOrEqual(60);
    expect(burnedAtFirstTurn).toBeGreaterThanOrEqual(0);
  });

  it("law 8: what was lined up does not run in one burst when its turn comes", async () => {
    const operations = Array.from({ length: 3000 }, () => park<void>("test"));
    let done = 0;
    const perTurn: number[] = [];
    let last = 0;
    let counting = true;
    const count = (): void => {
      perTurn.push(done - last);
      last = done;
      if (counting) setImmediate(count);
    };
    const flows = operations.map(async (operation, i) => {
      await operation.promise;
      if (i >= 2000) burn(0.5);
      done++;
    });
    for (const operation of operations) operation.resume();
    setImmediate(count);
    await Promise.all(flows);
    counting = false;
    await turns();
    // the slow ones come last; none of their turns may hold hundreds of them
    expect(Math.max(...perTurn.slice(-20))).toBeLessThan(200);
  });
});

describe("a burst", () => {
  const crowd = 500;

  /** The largest number of slow steps that ran between two turns of the event loop. */
  async function longestBurst(program: (step: () => void) => Promise<unknown>): Promise<number> {
    let steps = 0;
    let before = 0;
    let longest = 0;
    let over = false;
    const tick = (): void => {
      longest = Math.max(longest, steps - before);
      before = steps;
      if (!over) setImmediate(tick);
    };
    setImmediate(tick);
    await program(() => {
      burn(0.5);
      steps++;
    });
    over = true;
    await turns();
    expect(steps).toBeGreaterThanOrEqual(crowd);
    return longest;
  }

  const bursts: readonly [string, (step: () => void) => Promise<unknown>][] = [
    [
      "what is resumed at once",
      async (step) => {
        const lot = new ParkingLot();
        const flows = Array.from({ length: crowd }, () => lot.park("test", undefined).then(step));
        await sleep(3); // a timer has just fired, so the turn is fresh and its budget whole
        lot.unparkAll();
        await Promise.all(flows);
      },
    ],
    [
      "what passes at once",
      async (step) => {
        await sleep(3);
        await Promise.all(Array.from({ length: crowd }, () => pass().then(step)));
      },
    ],
    [
      "what is started at once",
      async (step) => {
        await sleep(3);
        const tasks = Array.from({ length: crowd }, () => spawn(step));
        for (const task of tasks) await task.join();
      },
    ],
    [
      "what is cancelled at once",
      (step) =>
        scope(async (status) => {
          const flows = Array.from({ length: crowd }, () => sleep(60_000).catch(step));
          const waker = scope(() => sleep(3), { shield: true });
          await waker;
          cancel(status);
          await Promise.all(flows);
        }),
    ],
  ];
  it.each(bursts)(
    "law 8: %s does not hold up timers and I/O for longer than a few steps take",
    async (_name, program) => {
      expect(await longestBurst(program)).toBeLessThanOrEqual(64);
    },
  );
});

describe("where there is no setImmediate", () => {
  it("law 8: turns are messages to ourselves, in order", async () => {
    const installation = await Installation.make();
    try {
      const ended = await installation.run(`
        globalThis.setImmediate = undefined; // as in a browser
        const { checkpoint, sleep } = await import("@espalier/core");
        const { macrotask } = await import("@espalier/core/testing");
        const order = [];
        for (let i = 0; i < 5; i++) macrotask(() => order.push(i));
        let fired = false;
        setTimeout(() => (fired = true), 1);
        while (!fired) await checkpoint();
        await sleep(5);
        console.log(order.join(" "));
        process.exit(0); // a port that listens keeps Node alive; a browser has nothing to keep
      `);
      expect(ended).toMatchObject({ code: 0, stdout: "0 1 2 3 4\n", stderr: "" });
    } finally {
      installation.remove();
    }
  });
});

describe("BudgetedScheduler", () => {
  function resumption(deliver: () => void): Resumption {
    return { deliver };
  }

  it("delivers at once while the budget lasts, then lines up, then lets through in order", async () => {
    const scheduler = new BudgetedScheduler();
    const delivered: number[] = [];
    const count = 5000;
    scheduler.turnBegan();
    for (let i = 0; i < count; i++) scheduler.resume(resumption(() => delivered.push(i)));
    const atOnce = delivered.length;
    expect(atOnce).toBeGreaterThan(0);
    expect(atOnce).toBeLessThan(count);
    expect(scheduler.busy).toBe(true);
    await eventually(() => delivered.length === count);
    expect(delivered).toEqual(Array.from({ length: count }, (_, i) => i));
    expect(scheduler.busy).toBe(false);
  });

  it("counts every move", async () => {
    const scheduler = new BudgetedScheduler();
    const before = scheduler.moves;
    let delivered = 0;
    for (let i = 0; i < 3000; i++) {
      scheduler.resume(resumption(() => delivered++));
      void scheduler.turn();
    }
    await eventually(() => delivered === 3000);
    expect(scheduler.moves - before).toBeGreaterThanOrEqual(6000);
  });

  it("lets newcomers pass only when nobody is lined up", async () => {
    const scheduler = new BudgetedScheduler();
    const log: string[] = [];
    while (!scheduler.busy) scheduler.resume(resumption(() => undefined));
    scheduler.resume(resumption(() => log.push("lined up")));
    const turn = scheduler.turn();
    expect(turn).toBeInstanceOf(Promise);
    await turn;
    log.push("passed");
    expect(log).toEqual(["lined up", "passed"]);
    await turns(2);
    expect(scheduler.turn()).toBeUndefined();
  });

  it("those who pass share a promise only while it is the last in line", async () => {
    const scheduler = new BudgetedScheduler();
    const log: string[] = [];
    while (!scheduler.busy) scheduler.resume(resumption(() => undefined));
    const first = scheduler.turn()!.then(() => log.push("first"));
    const beside = scheduler.turn()!.then(() => log.push("beside"));
    scheduler.resume(resumption(() => log.push("resumed")));
    const second = scheduler.turn()!.then(() => log.push("second"));
    await Promise.all([first, beside, second]);
    // settled in this order; reactions come a microtask later than what is delivered directly
    expect(log.indexOf("first")).toBeLessThan(log.indexOf("second"));
    expect(log.indexOf("resumed")).toBeLessThan(log.indexOf("second"));
    expect(log.indexOf("beside")).toBeLessThan(log.indexOf("second"));
  });

  it("nobody passes on a promise whose turn has come already", async () => {
    const scheduler = new BudgetedScheduler();
    for (let round = 0; round < 5; round++) {
      let turn: Promise<void> | undefined;
      do turn = scheduler.turn();
      while (turn === undefined);
      expect(scheduler.busy).toBe(true);
      await turn;
      await turns(2);
      expect(scheduler.busy).toBe(false);
    }
  });

  it("a turn that was told of begins with a full budget", async () => {
    const time = vi.spyOn(performance, "now").mockReturnValue(1000); // stands still, so that no machine is too slow
    try {
      const scheduler = new BudgetedScheduler();
      let delivered = 0;
      time.mockReturnValue(1005);
      scheduler.turnBegan();
      for (let i = 0; i < 500; i++) scheduler.resume(resumption(() => delivered++));
      for (let i = 0; i < 500; i++) await Promise.resolve(); // microtasks only: the turn is still the same
      expect(delivered).toBe(500);
    } finally {
      time.mockRestore();
    }
  });
});

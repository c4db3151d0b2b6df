import { CancelScope, moveOnAfter } from "@espalier/cancel-scope";
import { Cancelled, run, sleep, taskTree } from "@espalier/core";
import { CapacityLimiter } from "@espalier/sync";
import { eventually } from "@espalier/test-support";
import { toThread, threadLimiter } from "@espalier/to-thread";
import { checkCancelled } from "@espalier/to-thread/worker";
import { afterEach, describe, expect, it } from "vitest";
import { begun, makeGate, open } from "./support/gate.ts";
import { work } from "./support/work.ts";

afterEach(async () => {
  await eventually(() => threadLimiter.borrowedTokens === 0);
});

describe("a call in a cancelled scope", () => {
  it("does nothing, each time (laws 1, 4)", async () => {
    const scope = new CancelScope();
    scope.cancel();
    const gate = makeGate();
    await scope.run(async () => {
      await expect(work.hold(gate)).rejects.toBeInstanceOf(Cancelled);
      await expect(work.hold(gate)).rejects.toBeInstanceOf(Cancelled);
      expect(() => checkCancelled()).toThrow(Cancelled);
    });
    expect(gate[0]).toBe(0);
  });
});

describe("a call that has not begun", () => {
  it("did not happen when it is cancelled, in the line or sent ahead (law 5)", async () => {
    const limiter = new CapacityLimiter(1);
    const gate = makeGate();
    const blocker = toThread(work.hold, [gate], { limiter });
    await begun(gate);
    const scope = new CancelScope();
    const gates = Array.from({ length: 10 }, makeGate);
    const cancelled = scope.run(() =>
      Promise.allSettled(gates.map((each) => toThread(work.hold, [each], { limiter }))),
    );
    await sleep(1);
    scope.cancel();
    const outcomes = await cancelled; // at once, although the thread is busy
    expect(outcomes?.every((each) => each.status === "rejected" && each.reason instanceof Cancelled)).toBe(
      true,
    );
    open(gate);
    expect(await blocker).toBe("held");
    expect(await toThread(work.add, [1, 2], { limiter })).toBe(3);
    expect(gates.map((each) => each[0])).toEqual(gates.map(() => 0));
    expect(limiter.statistics()).toMatchObject({ borrowedTokens: 0, tasksWaiting: 0 });
  });

  it("waits where no token is to be had, and can be cancelled there", async () => {
    const limiter = new CapacityLimiter(0);
    expect(await moveOnAfter(1, () => toThread(work.add, [1, 2], { limiter }))).toBeUndefined();
    await eventually(() => limiter.statistics().tasksWaiting === 0);
  });
});

describe('onCancel: "wait"', () => {
  it("waits for the call, whose value counts; Cancelled comes at the next checkpoint (law 6)", async () => {
    const gate = makeGate();
    const scope = new CancelScope();
    let value: string | undefined;
    const left = scope.run(async () => {
      value = await work.hold(gate);
      await sleep(0);
    });
    await begun(gate);
    scope.cancel();
    await sleep(1);
    expect(value).toBeUndefined();
    open(gate);
    await left;
    expect(value).toBe("held");
    expect(scope.cancelledCaught).toBe(true);
  });

  it("is noticed by checkCancelled, whose Cancelled becomes the caller's", async () => {
    const gate = makeGate();
    const scope = new CancelScope({ name: "impatient" });
    let raised: unknown;
    const left = scope.run(async () => {
      try {
        await work.spinUntilCancelled(gate);
      } catch (error) {
        raised = error;
        throw error;
      }
    });
    await begun(gate);
    scope.cancel("enough");
    await left;
    expect(scope.cancelledCaught).toBe(true);
    expect((raised as Cancelled).reason).toMatchObject({
      source: "explicit",
      reason: "enough",
      scope: "impatient",
    });
  });

  it("cancels the scope of an async function, waiting or computing", async () => {
    for (const fn of [work.sleepLong, work.asyncThatComputes]) {
      const gate = makeGate();
      const scope = new CancelScope();
      const left = scope.run(() => fn(gate));
      await begun(gate);
      scope.cancel();
      await left;
      expect(scope.cancelledCaught).toBe(true);
      if (fn === work.sleepLong) expect(gate[2]).toBe(1);
    }
  });

  it("does not hold up what was sent ahead", async () => {
    const limiter = new CapacityLimiter(1);
    const gate = makeGate();
    const scope = new CancelScope();
    const left = scope.run(() => toThread(work.asyncIgnoringCancellation, [gate], { limiter }));
    await begun(gate);
    const behind = toThread(work.add, [1, 2], { limiter });
    scope.cancel();
    limiter.totalTokens = 2;
    expect(await behind).toBe(3);
    open(gate);
    expect(await left).toBe("done all the same");
  });
});

describe('onCancel: "abandon"', () => {
  it("raises at once; the token comes back when the thread is free", async () => {
    const limiter = new CapacityLimiter(1);
    const gate = makeGate();
    const scope = new CancelScope();
    const left = scope.run(() => toThread(work.hold, [gate], { limiter, onCancel: "abandon" }));
    await begun(gate);
    const behind = toThread(work.add, [1, 2], { limiter });
    scope.cancel();
    await left;
    expect(scope.cancelledCaught).toBe(true);
    expect(limiter.borrowedTokens).toBe(1);
    open(gate);
    expect(await behind).toBe(3);
    await eventually(() => limiter.borrowedTokens === 0);
  });

  it("drops an error, and refuses callbacks", async () => {
    const gate = makeGate();
    const scope = new CancelScope();
    let called = 0;
    const left = scope.run(() =>
      toThread(
        work.callBetween,
        [
          () => {
            Atomics.store(gate, 0, 1);
            return sleep(600_000);
          },
          () => called++,
          () => called++,
        ] as never,
        { onCancel: "abandon" },
      ),
    );
    await begun(gate);
    scope.cancel();
    await left;
    await eventually(() => threadLimiter.borrowedTokens === 0);
    expect(called).toBe(0);
  });
});

describe("onCancel: { graceMs }", () => {
  it("ends a loop that never looks up, gives the token back only then, and the pool goes on", async () => {
    const limiter = new CapacityLimiter(1);
    const gate = makeGate();
    const scope = new CancelScope();
    const left = scope.run(() => toThread(work.spinForever, [gate], { limiter, onCancel: { graceMs: 5 } }));
    await begun(gate);
    const behind = toThread(work.add, [1, 2], { limiter });
    scope.cancel();
    expect(limiter.borrowedTokens).toBe(1);
    await left;
    expect(scope.cancelledCaught).toBe(true);
    expect(await behind).toBe(3);
    expect(limiter.borrowedTokens).toBe(0);
  });

  it("leaves the thread to a call that has begun there since the one that was cancelled ended", async () => {
    const limiter = new CapacityLimiter(1);
    const [first, second] = [makeGate(), makeGate()];
    const scope = new CancelScope();
    const left = scope.run(() => toThread(work.hold, [first], { limiter, onCancel: { graceMs: 0 } }));
    await begun(first);
    const behind = toThread(work.hold, [second], { limiter });
    open(first);
    while (Atomics.load(second, 0) === 0); // without a turn in which this side would hear of it
    scope.cancel();
    expect(await left).toBe("held");
    await sleep(50); // a thread that was terminated would be gone
    open(second);
    expect(await behind).toBe("held");
  });

  it("leaves a thread alone that listens within the grace", async () => {
    const gate = makeGate();
    const scope = new CancelScope();
    const left = scope.run(() =>
      toThread(work.spinUntilCancelled, [gate], { onCancel: { graceMs: 600_000 } }),
    );
    await begun(gate);
    scope.cancel();
    await left;
    expect(scope.cancelledCaught).toBe(true);
    expect(JSON.stringify(taskTree())).not.toContain("grace of a thread");
  });

  it("delivers a value that comes within the grace", async () => {
    const gate = makeGate();
    const scope = new CancelScope();
    const left = scope.run(() => toThread(work.hold, [gate], { onCancel: { graceMs: Infinity } }));
    await begun(gate);
    scope.cancel();
    open(gate);
    expect(await left).toBe("held");
  });
});

describe("a call in the task tree", () => {
  it("is what its task waits for", async () => {
    const gate = makeGate();
    await run(
      async () => {
        const call = work.hold(gate);
        await begun(gate);
        expect(JSON.stringify(taskTree())).toContain('"waitingFor":"toThread"');
        open(gate);
        await call;
      },
      { name: "main" },
    );
  });

  it("may outlive its scope without crashing the process (law 7)", async () => {
    const gate = makeGate();
    const scope = new CancelScope();
    let floating: Promise<unknown> | undefined;
    await scope.run(async () => {
      floating = work.spinUntilCancelled(gate);
      await begun(gate);
    });
    await expect(floating).rejects.toBeInstanceOf(Cancelled);
    await scope.run(() => undefined).catch(() => undefined);
  });
});

import { Cancelled, checkpoint } from "@espalier/core";
import { Barrier } from "@espalier/sync";
import { rejection, unhandledDuring } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

import { flow, inCancelledScope } from "./support/flow.ts";
import { checkpointsOf } from "./support/probed.ts";
import { settled } from "./support/settled.ts";

describe("new Barrier", () => {
  for (const wrong of [0, -1, 1.5, NaN, Infinity]) {
    it(`refuses ${wrong} parties`, () => {
      expect(() => new Barrier(wrong)).toThrow(RangeError);
      expect(() => new Barrier(wrong)).toThrow("whole number, 1 or more");
    });
  }

  it("refuses what is no number", () => {
    expect(() => new Barrier("2" as never)).toThrow(TypeError);
  });
});

describe("Barrier.wait", () => {
  it("lets all go on when the last has come, each with its place", async () => {
    const barrier = new Barrier(3);
    const waiters = [flow(() => barrier.wait()), flow(() => barrier.wait())];
    await settled();
    expect(waiters.map((each) => each.state)).toEqual(["running", "running"]);
    expect(barrier.statistics()).toEqual({ parties: 3, tasksWaiting: 2 });
    barrier.assertInvariants();
    expect(await barrier.wait()).toBe(2);
    expect(waiters.map((each) => each.value)).toEqual([0, 1]);
    expect(barrier.statistics()).toEqual({ parties: 3, tasksWaiting: 0 });
  });

  it("is a checkpoint for the last one as well, and with one party", async () => {
    const barrier = new Barrier(1);
    expect(await checkpointsOf(() => barrier.wait())).toEqual(["cancel point", "schedule point"]);
    expect(await barrier.wait()).toBe(0);
  });

  it("counts anew after each time", async () => {
    const barrier = new Barrier(2);
    const log: string[] = [];
    const rounds = async (name: string): Promise<void> => {
      for (let round = 0; round < 3; round++) {
        await barrier.wait();
        log.push(`${round}${name}`);
      }
    };
    await Promise.all([rounds("a"), rounds("b")]);
    expect(log.map((each) => each[0]).join("")).toBe("001122");
  });

  it("one that comes back before the others have run waits for the next time", async () => {
    const barrier = new Barrier(2);
    const first = flow(() => barrier.wait());
    const second = barrier.wait(); // opens it
    const again = flow(() => barrier.wait());
    await Promise.all([first.ended, second]);
    await settled();
    expect(again.state).toBe("running");
    expect(await barrier.wait()).toBe(1);
    await again.ended;
    expect(again.value).toBe(0);
  });

  it("law 4: in a cancelled scope it raises and has not come", async () => {
    const barrier = new Barrier(2);
    const waiter = flow(() => barrier.wait());
    expect(await rejection(inCancelledScope(() => barrier.wait()))).toBeInstanceOf(Cancelled);
    expect(barrier.statistics().tasksWaiting).toBe(1);
    expect(waiter.state).toBe("running");
    await barrier.wait();
    await waiter.ended;
  });

  it("law 5: who is cancelled leaves, the others wait for one more, and their places have no gap", async () => {
    const barrier = new Barrier(3);
    const [first, second] = [flow(() => barrier.wait()), flow(() => barrier.wait())];
    first.cancel();
    expect(barrier.statistics().tasksWaiting).toBe(1);
    const third = flow(() => barrier.wait());
    await settled();
    expect([first.state, second.state, third.state]).toEqual(["cancelled", "running", "running"]);
    expect(await barrier.wait()).toBe(2);
    expect([second.value, third.value]).toEqual([0, 1]);
  });

  it("law 6: who was let through before it was cancelled is through", async () => {
    const barrier = new Barrier(2);
    const waiter = flow(async () => [await barrier.wait(), await rejection(checkpoint())]);
    const last = barrier.wait();
    waiter.cancel();
    await Promise.all([waiter.ended, last]);
    expect(waiter.value).toEqual([0, expect.any(Cancelled)]);
  });

  it("law 7: crashes nothing when its scope is left while it waits", async () => {
    const barrier = new Barrier(2);
    const unhandled = await unhandledDuring(async () => {
      const scope = flow(async () => void barrier.wait());
      await scope.ended;
      scope.leave();
    });
    expect(unhandled).toEqual([]);
    expect(barrier.statistics().tasksWaiting).toBe(0);
  });
});

import { Cancelled, checkpoint, run, sleep } from "@espalier/core";
import { MockClock } from "@espalier/core/testing";
import { Event } from "@espalier/sync";
import { rejection, unhandledDuring } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

import { flow, inCancelledScope } from "./support/flow.ts";
import { checkpointsOf } from "./support/probed.ts";
import { settled } from "./support/settled.ts";

describe("Event.wait", () => {
  it("returns at once when it has happened, after a checkpoint", async () => {
    const event = new Event();
    event.set();
    expect(await checkpointsOf(() => event.wait())).toEqual(["cancel point", "schedule point"]);
  });

  it("blocks until it has happened", async () => {
    const event = new Event();
    const waiter = flow(() => event.wait());
    await settled();
    expect(waiter.state).toBe("running");
    event.set();
    await waiter.ended;
    expect(waiter.state).toBe("done");
  });

  it("wakes all, in the order in which they came", async () => {
    const event = new Event();
    const order: number[] = [];
    const waiters = [0, 1, 2, 3].map((i) => event.wait().then(() => order.push(i)));
    expect(event.statistics()).toEqual({ tasksWaiting: 4 });
    event.set();
    expect(event.statistics()).toEqual({ tasksWaiting: 0 });
    event.assertInvariants();
    await Promise.all(waiters);
    expect(order).toEqual([0, 1, 2, 3]);
  });

  it("law 4: raises in a cancelled scope, also when it has happened", async () => {
    const event = new Event();
    expect(await rejection(inCancelledScope(() => event.wait()))).toBeInstanceOf(Cancelled);
    expect(event.statistics()).toEqual({ tasksWaiting: 0 });
    event.set();
    expect(await rejection(inCancelledScope(() => event.wait()))).toBeInstanceOf(Cancelled);
  });

  it("law 5: cancelled while it waits, it is gone at once and the others wait on", async () => {
    const event = new Event();
    const [first, second] = [flow(() => event.wait()), flow(() => event.wait())];
    first.cancel();
    expect(event.statistics()).toEqual({ tasksWaiting: 1 });
    expect(event.isSet).toBe(false);
    event.set();
    await Promise.all([first.ended, second.ended]);
    expect([first.state, second.state]).toEqual(["cancelled", "done"]);
  });

  it("law 6: set before cancelled, it has happened", async () => {
    const event = new Event();
    const waiter = flow(async () => {
      await event.wait();
      return rejection(checkpoint());
    });
    event.set();
    waiter.cancel();
    await waiter.ended;
    expect(waiter.value).toBeInstanceOf(Cancelled);
  });

  it("law 7: crashes nothing when its scope is left while it waits", async () => {
    const event = new Event();
    const unhandled = await unhandledDuring(async () => {
      const scope = flow(async () => void event.wait());
      await scope.ended;
      scope.leave();
    });
    expect(unhandled).toEqual([]);
    expect(event.statistics().tasksWaiting).toBe(0);
  });
});

describe("Event.set", () => {
  it("can be repeated, works in a cancelled scope, and is never undone", async () => {
    const event = new Event();
    expect(event.isSet).toBe(false);
    await inCancelledScope(async () => event.set());
    event.set();
    expect(event.isSet).toBe(true);
    await event.wait();
    expect(event.isSet).toBe(true);
  });

  it("is heard in another run", async () => {
    const event = new Event();
    const other = run(() => event.wait());
    await run(
      async () => {
        await sleep(1000);
        event.set();
      },
      { clock: new MockClock({ autojumpThresholdMs: 0 }) },
    );
    await other;
  });
});

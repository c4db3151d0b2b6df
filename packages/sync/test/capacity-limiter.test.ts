import { MisuseError, WouldBlock } from "@espalier/core";
import { CapacityLimiter, type Guard } from "@espalier/sync";
import { rejection, thrownBy } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

import { type Flow, flow, inCancelledScope } from "./support/flow.ts";
import { settled } from "./support/settled.ts";

describe("new CapacityLimiter", () => {
  it("takes a whole number, 0 and Infinity too", () => {
    for (const total of [0, 1, 100, Infinity]) {
      const limiter = new CapacityLimiter(total);
      expect([limiter.totalTokens, limiter.borrowedTokens, limiter.availableTokens]).toEqual([
        total,
        0,
        total,
      ]);
    }
  });

  for (const wrong of [-1, 0.5, NaN, -Infinity]) {
    it(`refuses ${wrong}, also when it is assigned`, () => {
      expect(() => new CapacityLimiter(wrong)).toThrow(RangeError);
      const limiter = new CapacityLimiter(1);
      expect(() => (limiter.totalTokens = wrong)).toThrow("0 or more, or Infinity");
      expect(limiter.totalTokens).toBe(1);
    });
  }

  it("refuses what is no number", () => {
    expect(() => new CapacityLimiter("5" as never)).toThrow(TypeError);
    expect(() => (new CapacityLimiter(1).totalTokens = null as never)).toThrow("not null");
  });
});

describe("CapacityLimiter.totalTokens", () => {
  it("raised, lets the oldest waiters in at once, as many as there is room for", async () => {
    const limiter = new CapacityLimiter(0);
    const waiters = [1, 2, 3].map((name) => flow(() => limiter.acquireOnBehalfOf(name)));
    limiter.totalTokens = 2;
    expect(limiter.statistics()).toEqual({
      borrowedTokens: 2,
      totalTokens: 2,
      borrowers: [1, 2],
      tasksWaiting: 1,
    });
    limiter.assertInvariants();
    await settled();
    expect(waiters.map((each) => each.state)).toEqual(["done", "done", "running"]);
    limiter.totalTokens = Infinity;
    await waiters[2]?.ended;
    expect(limiter.availableTokens).toBe(Infinity);
  });

  it("lowered, takes no token away, and lends none until enough have come back", async () => {
    const limiter = new CapacityLimiter(3);
    const guards = [limiter.acquireNowait(), limiter.acquireNowait(), limiter.acquireNowait()];
    limiter.totalTokens = 1;
    expect(limiter.borrowedTokens).toBe(3);
    expect(limiter.availableTokens).toBe(-2);
    const waiter = flow(() => limiter.acquire());
    guards[0]?.release();
    guards[1]?.release();
    await settled();
    expect(waiter.state).toBe("running");
    expect(limiter.availableTokens).toBe(0);
    limiter.assertInvariants();
    guards[2]?.release();
    await waiter.ended;
    expect(waiter.state).toBe("done");
  });

  it("0 lets nobody in", async () => {
    const limiter = new CapacityLimiter(0);
    expect(() => limiter.acquireNowait()).toThrow(WouldBlock);
    const waiter = flow(() => limiter.acquire());
    await settled();
    expect(waiter.state).toBe("running");
    waiter.cancel();
    await waiter.ended;
  });

  it("Infinity lets everybody in", async () => {
    const limiter = new CapacityLimiter(Infinity);
    const guards = await Promise.all(Array.from({ length: 100 }, () => limiter.acquire()));
    expect(limiter.borrowedTokens).toBe(100);
    guards.forEach((guard) => guard.release());
    expect(limiter.borrowedTokens).toBe(0);
  });
});

describe("CapacityLimiter.acquire", () => {
  it("has the guard as its borrower, so one flow may have several", async () => {
    const limiter = new CapacityLimiter(5);
    const guards = [await limiter.acquire(), await limiter.acquire()];
    expect(limiter.statistics().borrowers).toEqual(guards);
    limiter.releaseOnBehalfOf(guards[0] as Guard);
    expect(limiter.borrowedTokens).toBe(1);
  });
});

describe("CapacityLimiter.acquireOnBehalfOf", () => {
  it("lends one token to each borrower", async () => {
    const limiter = new CapacityLimiter(5);
    const borrower = { name: "worker" };
    await limiter.acquireOnBehalfOf(borrower);
    const error = await rejection(limiter.acquireOnBehalfOf(borrower));
    expect(error).toBeInstanceOf(MisuseError);
    expect((error as Error).message).toContain("has a token already");
    expect(() => limiter.acquireOnBehalfOfNowait(borrower)).toThrow(MisuseError);
    expect(limiter.borrowedTokens).toBe(1);
    await limiter.acquireOnBehalfOf({ name: "worker" }); // another object is another borrower
    expect(limiter.borrowedTokens).toBe(2);
  });

  it("knows a borrower that still waits, too", async () => {
    const limiter = new CapacityLimiter(0);
    const first = flow(() => limiter.acquireOnBehalfOf("me"));
    const error = await rejection(limiter.acquireOnBehalfOf("me"));
    expect(error).toBeInstanceOf(MisuseError);
    expect((error as Error).message).toContain("waits for a token already");
    expect(thrownBy(() => limiter.releaseOnBehalfOf("me")) as Error).toMatchObject({
      message: expect.stringContaining("still waits"),
    });
    first.cancel();
    const second = flow(() => limiter.acquireOnBehalfOf("me")); // and forgets one that was cancelled
    limiter.totalTokens = 1;
    await Promise.all([first.ended, second.ended]);
    expect(second.state).toBe("done");
    limiter.assertInvariants();
  });

  it("needs a borrower", async () => {
    const limiter = new CapacityLimiter(1);
    for (const nobody of [undefined, null]) {
      const error = await rejection(limiter.acquireOnBehalfOf(nobody as never));
      expect(error).toBeInstanceOf(TypeError);
      expect((error as Error).message).toContain("use acquire()");
      expect(() => limiter.acquireOnBehalfOfNowait(nobody as never)).toThrow(TypeError);
    }
  });

  it("takes any value for a borrower, 0 and the empty string too", async () => {
    const limiter = new CapacityLimiter(9);
    const borrowers = [0, "", false, Symbol("s"), 1n, NaN];
    for (const each of borrowers) await limiter.acquireOnBehalfOf(each);
    expect(limiter.statistics().borrowers).toEqual(borrowers);
    for (const each of borrowers) limiter.releaseOnBehalfOf(each);
    expect(limiter.borrowedTokens).toBe(0);
  });
});

describe("CapacityLimiter.releaseOnBehalfOf", () => {
  it("gives the token to the oldest waiter, and leaves the guard without effect", async () => {
    const limiter = new CapacityLimiter(1);
    const old = await limiter.acquireOnBehalfOf("a");
    const waiter = flow(() => limiter.acquireOnBehalfOf("b"));
    limiter.releaseOnBehalfOf("a");
    expect(limiter.statistics().borrowers).toEqual(["b"]);
    old.release();
    expect(limiter.borrowedTokens).toBe(1);
    await waiter.ended;
  });

  it("an old guard does not give back the token that its borrower has taken since", async () => {
    const limiter = new CapacityLimiter(1);
    const old = await limiter.acquireOnBehalfOf("a");
    limiter.releaseOnBehalfOf("a");
    await limiter.acquireOnBehalfOf("a");
    old.release();
    expect(limiter.borrowedTokens).toBe(1);
  });

  it("works in a cancelled scope", async () => {
    const limiter = new CapacityLimiter(1);
    await limiter.acquireOnBehalfOf("a");
    await inCancelledScope(async () => limiter.releaseOnBehalfOf("a"));
    expect(limiter.borrowedTokens).toBe(0);
  });

  it("of one that has none is misuse", async () => {
    const limiter = new CapacityLimiter(1);
    const error = thrownBy(() => limiter.releaseOnBehalfOf("nobody"));
    expect(error).toBeInstanceOf(MisuseError);
    expect((error as Error).message).toContain("has no token");
  });
});

it("wakes several waiters in order when several tokens come back together", async () => {
  const limiter = new CapacityLimiter(3);
  const held = [limiter.acquireNowait(), limiter.acquireNowait(), limiter.acquireNowait()];
  const order: number[] = [];
  const waiters: Flow<unknown>[] = [0, 1, 2, 3].map((i) =>
    flow(async () => {
      await limiter.acquire();
      order.push(i);
    }),
  );
  held.forEach((guard) => guard.release());
  await settled();
  expect(order).toEqual([0, 1, 2]);
  waiters[3]?.cancel();
  await waiters[3]?.ended;
});

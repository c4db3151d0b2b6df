import { WouldBlock } from "@espalier/core";
import { CapacityLimiter, type Guard, Lock, Semaphore } from "@espalier/sync";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { Caller, pickFrom, programs, settleAndCompare, type Step } from "./support/model.ts";

/*
 * Lock, semaphore and limiter are one thing in the model: so many places, and a line. What they have besides (a permit
 * more, another total) are steps that only they know.
 */

interface Permits {
  acquire(): Promise<Guard>;
  acquireNowait(): Guard;
  /** Only where the total can change. */
  setTotal?(total: number): void;
  /** How many could be had at once. */
  available(): number;
  waiting(): number;
  assertInvariants(): void;
}

/** The naive model: whoever has been in line longest is in as soon as there is room. */
class Model {
  total: number;
  readonly callers: Caller<Guard>[] = [];

  constructor(total: number) {
    this.total = total;
  }

  with(standing: Caller<Guard>["standing"]): Caller<Guard>[] {
    return this.callers.filter((each) => each.standing === standing);
  }

  get available(): number {
    return this.total - this.with("in").length;
  }

  serve(): void {
    for (const each of this.with("waiting")) if (this.available > 0) each.standing = "in";
  }
}

type Kind = "acquire" | "acquireNowait" | "release" | "releaseAgain" | "cancel" | "setTotal" | "settle";

const program = programs<Kind>({
  acquire: 6,
  acquireNowait: 2,
  release: 5,
  releaseAgain: 1,
  cancel: 3,
  setTotal: 1,
  settle: 3,
});

async function execute(real: Permits, model: Model, steps: readonly Step<Kind>[]): Promise<void> {
  for (const { kind, pick } of steps) {
    await step(real, model, kind, pick);
    real.assertInvariants();
    expect({ available: real.available(), waiting: real.waiting() }).toEqual({
      available: model.available,
      waiting: model.with("waiting").length,
    });
  }
  await settleAndCompare(model.callers);
  await leaveEmpty(real, model);
}

async function step(real: Permits, model: Model, kind: Kind, pick: number): Promise<void> {
  switch (kind) {
    case "acquire":
      model.callers.push(new Caller("waiting", () => real.acquire()));
      model.serve();
      return;
    case "acquireNowait":
      if (model.available > 0) {
        const guard = real.acquireNowait();
        model.callers.push(new Caller("in", async () => guard));
      } else expect(() => real.acquireNowait()).toThrow(WouldBlock);
      return;
    case "release": {
      await settleAndCompare(model.callers);
      const caller = pickFrom(model.with("in"), pick);
      if (caller === undefined) return;
      caller.standing = "out";
      caller.flow.value?.[Symbol.dispose]();
      model.serve();
      return;
    }
    case "releaseAgain":
      pickFrom(model.with("out"), pick)?.flow.value?.release();
      return;
    case "cancel": {
      // also those who are in: delivered beats cancelled, whether they have run since or not
      const caller = pickFrom([...model.with("waiting"), ...model.with("in")], pick);
      caller?.flow.cancel();
      if (caller?.standing === "waiting") caller.standing = "cancelled";
      return;
    }
    case "setTotal":
      if (real.setTotal === undefined) return;
      model.total = pick % 5;
      real.setTotal(model.total);
      model.serve();
      return;
    case "settle":
      await settleAndCompare(model.callers);
  }
}

/** Nothing is lost: when all have left, everything is there again. */
async function leaveEmpty(real: Permits, model: Model): Promise<void> {
  for (;;) {
    await settleAndCompare(model.callers);
    const [caller] = model.with("in");
    if (caller === undefined) break;
    caller.standing = "out";
    caller.flow.value?.release();
    model.serve();
  }
  for (const each of model.with("waiting")) {
    expect(model.total).toBe(0);
    each.standing = "cancelled";
    each.flow.cancel();
  }
  await settleAndCompare(model.callers);
  real.assertInvariants();
  expect({ available: real.available(), waiting: real.waiting() }).toEqual({
    available: model.total,
    waiting: 0,
  });
}

describe("against a model of places and a line", () => {
  it("a lock", async () => {
    await fc.assert(
      fc.asyncProperty(program, async (steps) => {
        const lock = new Lock();
        const real: Permits = {
          acquire: () => lock.acquire(),
          acquireNowait: () => lock.acquireNowait(),
          available: () => (lock.locked ? 0 : 1),
          waiting: () => lock.statistics().tasksWaiting,
          assertInvariants: () => lock.assertInvariants(),
        };
        await execute(real, new Model(1), steps);
      }),
    );
  });

  it("a semaphore", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), program, async (initial, steps) => {
        const semaphore = new Semaphore(initial, { maxValue: initial });
        const real: Permits = {
          acquire: () => semaphore.acquire(),
          acquireNowait: () => semaphore.acquireNowait(),
          available: () => semaphore.value,
          waiting: () => semaphore.statistics().tasksWaiting,
          assertInvariants: () => semaphore.assertInvariants(),
        };
        await execute(real, new Model(initial), steps);
      }),
    );
  });

  it("a limiter whose total changes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 4 }), program, async (total, steps) => {
        const limiter = new CapacityLimiter(total);
        let borrowers = 0;
        const real: Permits = {
          acquire: () =>
            borrowers++ % 2 === 0 ? limiter.acquire() : limiter.acquireOnBehalfOf({ number: borrowers }),
          acquireNowait: () => limiter.acquireNowait(),
          setTotal: (value) => (limiter.totalTokens = value),
          available: () => limiter.availableTokens,
          waiting: () => limiter.statistics().tasksWaiting,
          assertInvariants: () => limiter.assertInvariants(),
        };
        await execute(real, new Model(total), steps);
      }),
    );
  });
});

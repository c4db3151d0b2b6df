import { MisuseError } from "@espalier/core";
import { Semaphore } from "@espalier/sync";
import { thrownBy } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

import { flow } from "./support/flow.ts";
import { settled } from "./support/settled.ts";

describe("new Semaphore", () => {
  it("takes an initial value and a limit", () => {
    expect(new Semaphore(3).value).toBe(3);
    expect(new Semaphore(3).maxValue).toBe(Infinity);
    expect(new Semaphore(0, { maxValue: 2 }).maxValue).toBe(2);
    expect(new Semaphore(2, { maxValue: 2 }).value).toBe(2);
    expect(new Semaphore(1, { maxValue: Infinity }).maxValue).toBe(Infinity);
  });

  for (const wrong of [-1, 1.5, NaN, Infinity]) {
    it(`refuses ${wrong} permits`, () => {
      expect(() => new Semaphore(wrong)).toThrow(RangeError);
      expect(() => new Semaphore(wrong)).toThrow("new Semaphore needs a whole number, 0 or more");
    });
  }

  it("refuses what is no number, and a limit below the initial value", () => {
    expect(() => new Semaphore("1" as never)).toThrow(TypeError);
    expect(() => new Semaphore(undefined as never)).toThrow("needs a number, not undefined");
    expect(() => new Semaphore(1, { maxValue: -1 })).toThrow(RangeError);
    expect(() => new Semaphore(3, { maxValue: 2 })).toThrow("above the maxValue of 2");
  });
});

describe("Semaphore.acquire", () => {
  it("gives as many permits as there are, and no more", async () => {
    const semaphore = new Semaphore(2);
    await semaphore.acquire();
    await semaphore.acquire();
    expect(semaphore.value).toBe(0);
    const third = flow(() => semaphore.acquire());
    await settled();
    expect(third.state).toBe("running");
    expect(semaphore.statistics()).toEqual({ tasksWaiting: 1 });
    third.cancel();
    expect(semaphore.statistics()).toEqual({ tasksWaiting: 0 });
    await third.ended;
  });
});

describe("Semaphore.release", () => {
  it("can add permits that nobody took", async () => {
    const semaphore = new Semaphore(0);
    semaphore.release();
    semaphore.release();
    expect(semaphore.value).toBe(2);
    await semaphore.acquire();
    expect(semaphore.value).toBe(1);
  });

  it("hands the permit to a waiter instead of counting it", async () => {
    const semaphore = new Semaphore(0, { maxValue: 1 });
    const waiter = flow(() => semaphore.acquire());
    semaphore.release();
    expect(semaphore.value).toBe(0);
    await waiter.ended;
    expect(waiter.state).toBe("done");
    semaphore.assertInvariants();
  });

  it("serves try and finally, without a guard", async () => {
    const semaphore = new Semaphore(1, { maxValue: 1 });
    await semaphore.acquire();
    try {
      expect(semaphore.value).toBe(0);
    } finally {
      semaphore.release();
    }
    expect(semaphore.value).toBe(1);
  });

  it("beyond maxValue is misuse, changes nothing, and says why it may have happened", async () => {
    const semaphore = new Semaphore(1, { maxValue: 1 });
    const error = thrownBy(() => semaphore.release());
    expect(error).toBeInstanceOf(MisuseError);
    expect((error as Error).message).toContain("maxValue of 1");
    expect((error as Error).message).toContain("not by both");
    expect(semaphore.value).toBe(1);
  });

  it("by the guard and by release() as well is told, where there is a limit", async () => {
    const semaphore = new Semaphore(1, { maxValue: 1 });
    const guard = await semaphore.acquire();
    semaphore.release();
    expect(() => guard.release()).toThrow(MisuseError);
    expect(() => guard.release()).not.toThrow(); // told once; the permit is gone
  });
});

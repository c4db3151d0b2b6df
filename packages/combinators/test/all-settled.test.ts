import { CancelScope, moveOnAfter } from "@espalier/cancel-scope";
import { allSettled, type Body } from "@espalier/combinators";
import { Cancelled, currentTask, currentTime, sleep, sleepForever } from "@espalier/core";
import { NurseryError, TaskCancelledError } from "@espalier/nursery";
import { rejection } from "@espalier/test-support";
import { describe, expect, expectTypeOf, it } from "vitest";
import { failing, seeded, virtually } from "./support.ts";

describe("allSettled", () => {
  it("has the form of Promise.allSettled", async () => {
    const error = new Error("no");
    const bodies = [() => 1, () => Promise.reject(error), async () => "a"] as const;
    const expected = await Promise.allSettled([
      Promise.resolve(1),
      Promise.reject(error),
      Promise.resolve("a"),
    ]);
    expect(await allSettled(bodies)).toEqual(expected);
    const second = (await allSettled(bodies))[1];
    expect(second.status === "rejected" && second.reason === error).toBe(true);
  });

  it("gives a record for a record", async () => {
    expect(await allSettled({ a: () => 1, b: () => Promise.reject("no") })).toEqual({
      a: { status: "fulfilled", value: 1 },
      b: { status: "rejected", reason: "no" },
    });
    expect(await allSettled([])).toEqual([]);
    expect(await allSettled({})).toEqual({});
    expect(await allSettled(new Set([() => 1]))).toEqual([{ status: "fulfilled", value: 1 }]);
  });

  it("lets the others go on when one fails", async () => {
    await virtually(async () => {
      const results = await allSettled([failing("at once"), () => sleep(20), failing("too")]);
      expect(results.map((each) => each.status)).toEqual(["rejected", "fulfilled", "rejected"]);
      expect(currentTime()).toBe(20);
    });
  });

  it("takes a body that cancels its own task for a failure", async () => {
    const [result] = await allSettled([
      async () => {
        currentTask()?.cancel();
        await sleepForever();
      },
    ]);
    expect(result.status).toBe("rejected");
    expect((result as PromiseRejectedResult).reason).toBeInstanceOf(TaskCancelledError);
  });

  it("raises Cancelled when it is cancelled from outside, also beside failures that came before", async () => {
    await virtually(async () => {
      let error: unknown;
      const value = await moveOnAfter(10, async () => {
        error = await rejection(allSettled([failing("a result that nobody gets"), sleepForever]));
        throw error;
      });
      expect(value).toBe(undefined);
      expect(error).toBeInstanceOf(Cancelled);
    });
  });

  it("raises what fails while it is being unwound", async () => {
    await virtually(async () => {
      const cleanup = (message: string) => async () => {
        try {
          await sleepForever();
        } finally {
          throw new Error(message);
        }
      };
      const one = await rejection(
        moveOnAfter(10, () => allSettled([failing("before"), sleepForever, cleanup("a")])),
      );
      expect(one).toEqual(new Error("a"));
      const two = await rejection(
        moveOnAfter(10, () => allSettled([cleanup("a"), sleepForever, cleanup("b")])),
      );
      expect(two).toBeInstanceOf(NurseryError);
      expect((two as NurseryError).errors).toEqual([new Error("a"), new Error("b")]);
    });
  });

  it("gives the results if every body ends of its own accord in spite of a cancellation", async () => {
    await virtually(async () => {
      const results = await moveOnAfter(10, () =>
        allSettled([
          () => sleepForever().catch(() => "kept"),
          async () => {
            await sleepForever().catch(() => undefined);
            throw new Error("told");
          },
        ]),
      );
      expect(results).toEqual([
        { status: "fulfilled", value: "kept" },
        { status: "rejected", reason: new Error("told") },
      ]);
    });
  });

  it("starts no body in a cancelled scope", async () => {
    const scope = new CancelScope();
    scope.cancel();
    let started = 0;
    await scope.run(async () => {
      expect(await rejection(allSettled([() => started++]))).toBeInstanceOf(Cancelled);
    });
    expect(started).toBe(0);
  });

  it("rejects on what is no function", async () => {
    // @ts-expect-error a promise is no body
    await expect(allSettled([Promise.resolve(1)])).rejects.toThrow(
      "allSettled[0]: you passed a promise; pass the function, not its result",
    );
    // @ts-expect-error a number is no body
    await expect(allSettled({ a: 1 })).rejects.toThrow(TypeError);
  });

  it("keeps places under any order of events", async () => {
    for (let seed = 0; seed < 50; seed++) {
      const bodies = Array.from({ length: 6 }, (_, i) => async () => {
        await sleep(i % 3);
        if (i % 2 === 1) throw i;
        return i;
      });
      const results = await seeded(seed, () => allSettled(bodies));
      const seen = results.map((each) =>
        each.status === "fulfilled" ? each.value : (each.reason as number),
      );
      expect(seen, `seed ${seed}`).toEqual([0, 1, 2, 3, 4, 5]);
    }
  });

  it("has the types of Promise.allSettled", async () => {
    expectTypeOf(await allSettled([() => 1, async () => "a"])).toEqualTypeOf<
      [PromiseSettledResult<number>, PromiseSettledResult<string>]
    >();
    const list: readonly Body<number>[] = [];
    expectTypeOf(await allSettled(list)).toEqualTypeOf<PromiseSettledResult<number>[]>();
    expectTypeOf(await allSettled({ a: () => 1 })).toEqualTypeOf<{ a: PromiseSettledResult<number> }>();
  });
});

import { CancelScope, moveOnAfter } from "@espalier/cancel-scope";
import { any, type Body } from "@espalier/combinators";
import { Cancelled, currentTask, currentTime, MisuseError, sleep, sleepForever } from "@espalier/core";
import { NurseryError, TaskCancelledError } from "@espalier/nursery";
import { rejection } from "@espalier/test-support";
import { describe, expect, expectTypeOf, it } from "vitest";
import { failing, seeded, virtually } from "./support.ts";

function cleanupFails(message: string): () => Promise<never> {
  return async () => {
    try {
      return await sleepForever();
    } finally {
      throw new Error(message);
    }
  };
}

describe("any", () => {
  it("gives the first value, past the failures before it", async () => {
    await virtually(async () => {
      const value = await any([
        failing("down"),
        async () => {
          await sleep(20);
          return "slow";
        },
        async () => {
          await sleep(10);
          return "quick";
        },
      ]);
      expect(value).toBe("quick");
      expect(currentTime()).toBe(10);
    });
  });

  it("cancels the others after the first value, and waits for them", async () => {
    const log: string[] = [];
    const loser = async (): Promise<void> => {
      try {
        await sleepForever();
      } finally {
        log.push("ended");
      }
    };
    expect(await any([loser, () => undefined, loser])).toBe(undefined);
    expect(log).toEqual(["ended", "ended"]);
  });

  it("raises all failures as a group, in the order of the bodies", async () => {
    await virtually(async () => {
      const raised = await rejection(
        any([
          async () => {
            await sleep(10);
            throw new Error("a");
          },
          failing("b"),
        ]),
      );
      expect(raised).toBeInstanceOf(NurseryError);
      expect((raised as NurseryError).errors).toEqual([new Error("a"), new Error("b")]);
      expect((raised as NurseryError).message).toBe("All 2 bodies of any failed: Error: a; Error: b");
    });
  });

  it("raises a group also when there was one body, as Promise.any does", async () => {
    const error = new Error("alone");
    const raised = await rejection(any([() => Promise.reject(error)]));
    expect(raised).toBeInstanceOf(AggregateError);
    expect((raised as AggregateError).errors).toEqual([error]);
  });

  it("rejects with the error of a loser that fails in its cleanup", async () => {
    expect(await rejection(any([failing("before"), async () => 1, cleanupFails("a")]))).toEqual(
      new Error("a"),
    );
    const several = await rejection(any([cleanupFails("a"), async () => 1, cleanupFails("b")]));
    expect((several as NurseryError).errors).toEqual([new Error("a"), new Error("b")]);
  });

  it("counts a body that cancels its own task as a failure", async () => {
    const quitter = async (): Promise<string> => {
      currentTask()?.cancel();
      return sleepForever();
    };
    expect(await any([quitter, async () => "other"])).toBe("other");
    const raised = await rejection(any([quitter]));
    expect((raised as NurseryError).errors[0]).toBeInstanceOf(TaskCancelledError);
  });

  it("raises Cancelled when it is cancelled from outside, whoever had failed before", async () => {
    await virtually(async () => {
      let error: unknown;
      expect(
        await moveOnAfter(10, async () => {
          error = await rejection(any([failing("down"), sleepForever]));
          throw error;
        }),
      ).toBe(undefined);
      expect(error).toBeInstanceOf(Cancelled);
    });
  });

  it("raises what fails while it is being unwound from outside", async () => {
    await virtually(async () => {
      const raised = await rejection(
        moveOnAfter(10, () => any([failing("before"), sleepForever, cleanupFails("a")])),
      );
      expect(raised).toEqual(new Error("a"));
    });
  });

  it("raises all failures when each body fails in spite of a cancellation", async () => {
    await virtually(async () => {
      const raised = await rejection(moveOnAfter(10, () => any([failing("before"), cleanupFails("a")])));
      expect((raised as NurseryError).errors).toEqual([new Error("before"), new Error("a")]);
    });
  });

  it("gives a value that comes in spite of a cancellation", async () => {
    await virtually(async () => {
      const value = await moveOnAfter(10, () =>
        any([() => sleepForever().catch(() => "kept"), sleepForever]),
      );
      expect(value).toBe("kept");
    });
  });

  it("starts no body in a cancelled scope", async () => {
    const scope = new CancelScope();
    scope.cancel();
    let started = 0;
    await scope.run(async () => {
      expect(await rejection(any([() => started++]))).toBeInstanceOf(Cancelled);
    });
    expect(started).toBe(0);
  });

  it("refuses when there is no body", async () => {
    expect(await rejection(any([]))).toBeInstanceOf(MisuseError);
  });

  it("rejects on what is no array of functions", async () => {
    // @ts-expect-error a promise is no body
    await expect(any([Promise.resolve(1)])).rejects.toThrow("any[0]: you passed a promise");
    // @ts-expect-error wrong on purpose
    await expect(any(7)).rejects.toThrow("any needs an array of functions, not number");
  });

  it("gives a value under any order of events", async () => {
    for (let seed = 0; seed < 50; seed++) {
      const value = await seeded(seed, () =>
        any([
          failing("a"),
          async () => {
            await sleep(2);
            return "b";
          },
          async () => {
            await sleep(1);
            throw new Error("c");
          },
        ]),
      );
      expect(value, `seed ${seed}`).toBe("b");
    }
  });

  it("has the type of what can succeed", async () => {
    expectTypeOf(await any([() => 1, async () => "a"])).toEqualTypeOf<number | string>();
    const list: readonly Body<number>[] = [() => 1];
    expectTypeOf(await any(list)).toEqualTypeOf<number>();
    expectTypeOf(await any(new Set(list))).toEqualTypeOf<number>();
  });
});

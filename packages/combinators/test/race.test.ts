import { CancelScope, moveOnAfter } from "@espalier/cancel-scope";
import { openMemoryChannel } from "@espalier/channel";
import { type Body, race } from "@espalier/combinators";
import { Cancelled, currentTask, currentTime, MisuseError, sleep, sleepForever } from "@espalier/core";
import { NurseryError, TaskCancelledError } from "@espalier/nursery";
import { rejection } from "@espalier/test-support";
import { describe, expect, expectTypeOf, it } from "vitest";
import { failing, seeded, virtually } from "./support.ts";

/** Waits, then gives its value; says in `log` how it left. */
function runner(name: string, ms: number, log: string[] = []): () => Promise<string> {
  return async () => {
    try {
      await sleep(ms);
      log.push(`${name} arrived`);
      return name;
    } catch (error) {
      log.push(`${name}: ${(error as Error).message}`);
      throw error;
    }
  };
}

describe("race", () => {
  it("gives the value of the first to end, and unwinds the others before it returns", async () => {
    await virtually(async () => {
      const log: string[] = [];
      expect(await race([runner("tortoise", 100, log), runner("hare", 10, log)])).toBe("hare");
      expect(log).toEqual([
        "hare arrived",
        'tortoise: cancelled: the nursery of "race" is winding down (the race is decided)',
      ]);
      expect(currentTime()).toBe(10);
    });
  });

  it("rejects with the error of the first to end", async () => {
    await virtually(async () => {
      const error = new Error("fell");
      const log: string[] = [];
      const raised = await rejection(race([runner("tortoise", 100, log), () => Promise.reject(error)]));
      expect(raised).toBe(error);
      expect(log).toHaveLength(1);
    });
  });

  it("gives undefined when that is the value of the first", async () => {
    expect(await race([() => undefined, sleepForever])).toBe(undefined);
  });

  it("takes the first listed of several that end at once", async () => {
    expect(await race([() => 1, () => 2, () => 3])).toBe(1);
  });

  it("drops the value of a loser that ends all the same", async () => {
    const loser = async (): Promise<string> => {
      await sleepForever().catch(() => undefined);
      return "too late";
    };
    expect(await race([loser, async () => "first"])).toBe("first");
  });

  it("rejects with the error of a loser that fails in its cleanup", async () => {
    const raised = await rejection(
      race([
        async () => "the winner",
        async () => {
          try {
            await sleepForever();
          } finally {
            throw new Error("could not close");
          }
        },
      ]),
    );
    expect(raised).toEqual(new Error("could not close"));
  });

  it("rejects with a group when the first to end and a loser have failed", async () => {
    const raised = await rejection(
      race([
        failing("first"),
        async () => {
          try {
            await sleepForever();
          } finally {
            throw new Error("second");
          }
        },
      ]),
    );
    expect(raised).toBeInstanceOf(NurseryError);
    expect((raised as NurseryError).errors).toEqual([new Error("first"), new Error("second")]);
  });

  it("takes a body that cancels its own task for one that failed", async () => {
    const quitter = async (): Promise<void> => {
      currentTask()?.cancel();
      await sleepForever();
    };
    expect(await rejection(race([sleepForever, quitter]))).toBeInstanceOf(TaskCancelledError);
  });

  it("leaves the items of a channel to others when it has lost", async () => {
    await virtually(async () => {
      const [send, receive] = openMemoryChannel<string>(1);
      expect(await race([() => receive.receive(), async () => "other"])).toBe("other");
      expect(receive.statistics().tasksWaitingReceive).toBe(0);
      await send.send("still here");
      expect(receive.receiveNowait()).toBe("still here");
    });
  });

  it("is cancelled from outside as a whole", async () => {
    await virtually(async () => {
      const log: string[] = [];
      expect(await moveOnAfter(5, () => race([runner("a", 10, log), runner("b", 20, log)]))).toBe(undefined);
      expect(log.map((line) => line.slice(0, 2))).toEqual(["a:", "b:"]);
    });
  });

  it("keeps what was delivered although a cancellation came before the body could return it", async () => {
    for (let seed = 0; seed < 50; seed++) {
      await seeded(seed, async () => {
        const [send, receive] = openMemoryChannel<string>();
        const scope = new CancelScope();
        let got: string | undefined;
        const racing = scope.run(async () => {
          got = await race([sleepForever, () => receive.receive(), sleepForever]);
        });
        await sleep(1);
        send.sendNowait("item"); // delivered
        scope.cancel();
        await racing;
        expect(got, `seed ${seed}`).toBe("item");
      });
    }
  });

  it("gives the winner's value although a cancellation came while the losers were cleaning up", async () => {
    await virtually(async () => {
      const scope = new CancelScope();
      const value = await scope.run(() =>
        race([
          async () => "won",
          async () => {
            try {
              await sleepForever();
            } finally {
              scope.cancel();
            }
          },
        ]),
      );
      expect(value).toBe("won");
    });
  });

  it("starts no body in a cancelled scope", async () => {
    const scope = new CancelScope();
    scope.cancel();
    let started = 0;
    await scope.run(async () => {
      expect(await rejection(race([() => started++]))).toBeInstanceOf(Cancelled);
    });
    expect(started).toBe(0);
  });

  it("refuses to race nobody", async () => {
    expect(await rejection(race([]))).toBeInstanceOf(MisuseError);
    await expect(race(new Set<Body<number>>())).rejects.toThrow("no body that could win");
  });

  it("rejects on what is no array of functions", async () => {
    // @ts-expect-error a promise is no body
    await expect(race([Promise.resolve(1)])).rejects.toThrow("race[0]: you passed a promise");
    // @ts-expect-error a record has no order
    await expect(race({ a: () => 1 })).rejects.toThrow("race needs an array of functions, not object");
  });

  it("has one winner under any order of events, and leaves nobody", async () => {
    for (let seed = 0; seed < 50; seed++) {
      await seeded(seed, async () => {
        let running = 0;
        const body = (value: number) => async () => {
          running++;
          try {
            await sleep(1);
            return value;
          } finally {
            running--;
          }
        };
        const winner = await race([body(0), body(1), body(2)]);
        expect([0, 1, 2], `seed ${seed}`).toContain(winner);
        expect(running, `seed ${seed}`).toBe(0);
      });
    }
  });

  it("has the type of what can win", async () => {
    expectTypeOf(await race([() => 1, async () => "a"])).toEqualTypeOf<number | string>();
    expectTypeOf(await race([async () => 1, async () => 2])).toEqualTypeOf<number>();
    expectTypeOf(await race(new Set([() => 1]))).toEqualTypeOf<number>();
    expectTypeOf(await race([() => "x" as const, () => "y" as const])).toEqualTypeOf<"x" | "y">();
    const frozen: readonly Body<Date>[] = [() => new Date(0)];
    expectTypeOf(await race(frozen)).toEqualTypeOf<Date>();
  });
});

import { setTimeout } from "node:timers/promises";
import { CancelScope, currentSignal, moveOnAfter } from "@espalier/cancel-scope";
import { all, type Body } from "@espalier/combinators";
import {
  Cancelled,
  currentTask,
  currentTime,
  sleep,
  sleepForever,
  taskTree,
  type TaskTreeNode,
} from "@espalier/core";
import { NurseryError, TaskCancelledError } from "@espalier/nursery";
import { rejection } from "@espalier/test-support";
import { describe, expect, expectTypeOf, it } from "vitest";
import { failing, seeded, virtually } from "./support.ts";

describe("all", () => {
  it("keeps values in their places, however long each takes", async () => {
    const values = await virtually(() =>
      all([
        async () => {
          await sleep(30);
          return "slow";
        },
        async () => {
          await sleep(10);
          return 2;
        },
        () => true,
      ]),
    );
    expect(values).toEqual(["slow", 2, true]);
  });

  it("keeps the keys of a record, in their order", async () => {
    const values = await virtually(() =>
      all({
        later: async () => {
          await sleep(10);
          return 1;
        },
        sooner: () => "b",
      }),
    );
    expect(values).toEqual({ later: 1, sooner: "b" });
    expect(Object.keys(values)).toEqual(["later", "sooner"]);
  });

  it("treats a key called __proto__ like any other", async () => {
    const bodies = Object.fromEntries([["__proto__", () => 1]]);
    expect(Object.entries(await all(bodies))).toEqual([["__proto__", 1]]);
  });

  it("runs the bodies at the same time", async () => {
    await virtually(async () => {
      await all([() => sleep(10), () => sleep(10), () => sleep(10)]);
      expect(currentTime()).toBe(10);
    });
  });

  it("takes any iterable of functions", async () => {
    expect(await all(new Set([() => 1, () => 2]))).toEqual([1, 2]);
    expect(
      await all(
        (function* () {
          yield () => "a";
        })(),
      ),
    ).toEqual(["a"]);
  });

  it("gives an empty array and an empty record", async () => {
    expect(await all([])).toEqual([]);
    expect(await all({})).toEqual({});
  });

  it("keeps undefined and null as values", async () => {
    expect(await all([() => undefined, () => null, async () => undefined])).toEqual([
      undefined,
      null,
      undefined,
    ]);
  });

  it("raises one error as itself", async () => {
    const error = new Error("the one");
    const raised = await rejection(
      all([
        sleepForever,
        () => {
          throw error;
        },
      ]),
    );
    expect(raised).toBe(error);
  });

  it("raises a group of one that a body raised as that group", async () => {
    const group = new AggregateError([new Error("inner")]);
    expect(await rejection(all([() => Promise.reject(group)]))).toBe(group);
  });

  it("raises what is no error as itself too", async () => {
    expect(await rejection(all([() => Promise.reject(undefined)]))).toBe(undefined);
    expect(await rejection(all([() => Promise.reject("text")]))).toBe("text");
  });

  it("cancels the rest when one fails, and waits until they have ended", async () => {
    const log: string[] = [];
    await virtually(async () => {
      const raised = await rejection(
        all([
          failing("no"),
          async () => {
            try {
              await sleepForever();
            } catch (error) {
              log.push((error as Cancelled).reason.source);
              throw error;
            } finally {
              await setTimeout(5); // cleanup that cannot be hurried
              log.push("cleaned up");
            }
          },
        ]),
      );
      expect(raised).toEqual(new Error("no"));
      expect(log).toEqual(["nursery", "cleaned up"]);
    });
  });

  it("raises several errors as a group, in the order in which they came", async () => {
    const raised = await virtually(() =>
      rejection(
        all([
          async () => {
            try {
              await sleepForever();
            } finally {
              throw new Error("cleanup");
            }
          },
          async () => {
            await sleep(5);
            throw new Error("first");
          },
        ]),
      ),
    );
    expect(raised).toBeInstanceOf(NurseryError);
    expect((raised as NurseryError).errors).toEqual([new Error("first"), new Error("cleanup")]);
    expect((raised as NurseryError).message).toBe("2 errors in all: Error: first; Error: cleanup");
  });

  it("keeps the message of a group readable, whatever was thrown and however often", async () => {
    const many = Array.from({ length: 1000 }, (_, n) => failing(`${n} ${"x".repeat(1000)}`));
    const raised = (await rejection(all(many))) as NurseryError;
    expect(raised.errors).toHaveLength(1000);
    expect(raised.message.length).toBeLessThan(1500);
    expect(raised.message).toMatch(/^1000 errors in all: Error: 0 x+\.\.\.; .*; and 995 more$/);
    const odd = await rejection(
      all([() => Promise.reject(Object.create(null)), () => Promise.reject(Symbol("s")), failing("plain")]),
    );
    expect((odd as Error).message).toBe(
      "3 errors in all: something that has no text; Symbol(s); Error: plain",
    );
  });

  it("keeps an abort error that is not ours, beside a sibling that used our signal", async () => {
    const foreign = new DOMException("the user pressed stop", "AbortError");
    const raised = await rejection(
      all([
        () =>
          new Promise((_, reject) => {
            const signal = currentSignal();
            signal.addEventListener("abort", () => reject(signal.reason));
          }),
        async () => {
          await sleep(1);
          throw foreign;
        },
      ]),
    );
    expect(raised).toBe(foreign);
  });

  it("takes a body that cancels its own task for a failure", async () => {
    const raised = await rejection(
      all([
        sleepForever,
        async function quitter() {
          currentTask()?.cancel();
          await sleepForever();
        },
      ]),
    );
    expect(raised).toBeInstanceOf(TaskCancelledError);
    expect((raised as Error).message).toBe('The task "quitter" was cancelled');
  });

  it("is cancelled from outside as a whole, and leaves when all have ended", async () => {
    await virtually(async () => {
      const log: string[] = [];
      const body = async (): Promise<void> => {
        try {
          await sleepForever();
        } finally {
          log.push("ended");
        }
      };
      expect(await moveOnAfter(10, () => all([body, body]))).toBe(undefined);
      expect(log).toEqual(["ended", "ended"]);
    });
  });

  it("raises the errors, and not the cancellation from outside, if there are both", async () => {
    await virtually(async () => {
      const raised = await rejection(
        moveOnAfter(10, () =>
          all([
            sleepForever,
            async () => {
              try {
                await sleepForever();
              } finally {
                throw new Error("cleanup");
              }
            },
          ]),
        ),
      );
      expect(raised).toEqual(new Error("cleanup"));
    });
  });

  it("gives the values if all bodies succeed in spite of a cancellation", async () => {
    await virtually(async () => {
      const stubborn = (value: number) => async () => {
        await sleepForever().catch(() => undefined);
        return value;
      };
      const values = await moveOnAfter(10, () => all([stubborn(1), stubborn(2)]));
      expect(values).toEqual([1, 2]);
    });
  });

  it("starts no body in a cancelled scope", async () => {
    const scope = new CancelScope();
    scope.cancel();
    let started = 0;
    await scope.run(async () => {
      const raised = await rejection(all([() => started++]));
      expect(raised).toBeInstanceOf(Cancelled);
      expect(await rejection(all({ a: () => started++ }))).toBeInstanceOf(Cancelled);
      expect(await rejection(all([]))).toBeInstanceOf(Cancelled);
    });
    expect(started).toBe(0);
  });

  it("runs none of a body before it returns", async () => {
    let started = false;
    const promise = all([
      () => {
        started = true;
      },
    ]);
    expect(started).toBe(false);
    await promise;
    expect(started).toBe(true);
  });

  it("names its tasks after the functions, the keys, or the places", async () => {
    await virtually(async () => {
      const names: string[] = [];
      const collect = (): void => {
        const visit = (nodes: readonly TaskTreeNode[]): void => {
          for (const node of nodes) {
            if (node.kind === "task") names.push(node.name);
            visit(node.children);
          }
        };
        visit(taskTree());
      };
      await all([
        function named() {
          return sleep(1);
        },
        (
          () => () =>
            sleep(1)
        )(),
        async () => {
          await sleep(0.5);
          collect();
        },
      ]);
      await all({
        user: (
          () => () =>
            sleep(1)
        )(),
        collect,
      });
      expect(names).toEqual(expect.arrayContaining(["named", "all[1]", "user"]));
    });
  });

  it("nests", async () => {
    const values = await all({ left: () => all([() => 1, () => 2]), right: () => all({ x: async () => 3 }) });
    expect(values).toEqual({ left: [1, 2], right: { x: 3 } });
  });

  it("keeps places under any order of events", async () => {
    for (let seed = 0; seed < 50; seed++) {
      const bodies = Array.from({ length: 6 }, (_, i) => async () => {
        for (let step = 0; step < i % 3; step++) await sleep(step);
        return i;
      });
      expect(await seeded(seed, () => all(bodies)), `seed ${seed}`).toEqual([0, 1, 2, 3, 4, 5]);
    }
  });
});

describe("all, misused", () => {
  it("rejects, and does not throw, on a promise among the bodies", async () => {
    // @ts-expect-error a promise is no body
    const promise = all([() => 1, Promise.resolve(2)]);
    await expect(promise).rejects.toThrow(TypeError);
    await expect(promise).rejects.toThrow("all[1]: you passed a promise; pass the function, not its result");
  });

  it("names the key of what is not a function", async () => {
    // @ts-expect-error a number is no body
    await expect(all({ a: () => 1, b: 2 })).rejects.toThrow("all.b needs a function, not a number.");
    // @ts-expect-error a promise is no body
    await expect(all({ b: Promise.resolve() })).rejects.toThrow("all.b: you passed a promise");
  });

  it("starts nothing when one of the bodies is wrong", async () => {
    let started = 0;
    // @ts-expect-error undefined is no body
    await expect(all([() => started++, undefined])).rejects.toThrow(TypeError);
    expect(started).toBe(0);
  });

  it("says what it needs instead of a promise, a function or nothing", async () => {
    // @ts-expect-error wrong on purpose
    await expect(all(Promise.resolve([]))).rejects.toThrow(
      "all needs an array or a record of functions, not a promise",
    );
    await expect(all(() => 1)).rejects.toThrow("put the function into an array: all([fn])");
    // @ts-expect-error wrong on purpose
    await expect(all(undefined)).rejects.toThrow("not undefined");
    // @ts-expect-error wrong on purpose
    await expect(all(null)).rejects.toThrow("not null");
    // @ts-expect-error wrong on purpose
    await expect(all("ab")).rejects.toThrow("not string");
  });

  it("rejects with what an iterable raises", async () => {
    const bodies: Iterable<Body<number>> = {
      [Symbol.iterator]: () => {
        throw new Error("not iterable today");
      },
    };
    await expect(all(bodies)).rejects.toThrow("not iterable today");
  });
});

describe("the types of all", () => {
  it("are a tuple's", async () => {
    const values = await all([() => 1, async () => "a", async () => undefined, () => "x" as const]);
    expectTypeOf(values).toEqualTypeOf<[number, string, undefined, "x"]>();
    const [n, s] = values;
    expectTypeOf(n).toEqualTypeOf<number>();
    expectTypeOf(s).toEqualTypeOf<string>();
  });

  it("are an array's", async () => {
    const list = [1, 2].map((n) => async () => String(n));
    expectTypeOf(await all(list)).toEqualTypeOf<string[]>();
    const frozen: readonly Body<number>[] = [];
    expectTypeOf(await all(frozen)).toEqualTypeOf<number[]>();
    expectTypeOf(await all(new Set(list))).toEqualTypeOf<string[]>();
    expectTypeOf(await all([])).toEqualTypeOf<[]>();
  });

  it("are a readonly tuple's, made writable as by Promise.all", async () => {
    const bodies = [() => 1, async () => "a"] as const;
    expectTypeOf(await all(bodies)).toEqualTypeOf<[number, string]>();
    const pair: readonly [Body<Date>, () => Promise<boolean>] = [() => new Date(0), async () => true];
    expectTypeOf(await all(pair)).toEqualTypeOf<[Date, boolean]>();
  });

  it("are a record's", async () => {
    const values = await all({ a: () => 1, b: async () => ({ k: "v" }), c: () => "x" as const });
    expectTypeOf(values).toEqualTypeOf<{ a: number; b: { k: string }; c: "x" }>();
    const frozen = { a: () => 1, b: async () => "s" } as const;
    expectTypeOf(await all(frozen)).toEqualTypeOf<{ a: number; b: string }>();
    interface Both {
      readonly left: () => Promise<number>;
      readonly right: Body<string>;
    }
    const both: Both = { left: async () => 1, right: () => "r" };
    expectTypeOf(await all(both)).toEqualTypeOf<{ left: number; right: string }>();
    const dictionary: Record<string, () => Promise<number>> = {};
    expectTypeOf(await all(dictionary)).toEqualTypeOf<Record<string, number>>();
  });

  it("unwrap what is awaited, as await does", async () => {
    const thenable = (): PromiseLike<number> => Promise.resolve(1);
    expectTypeOf(await all([thenable])).toEqualTypeOf<[number]>();
    const mixed = async (): Promise<number | string> => 1;
    expectTypeOf(await all([mixed])).toEqualTypeOf<[number | string]>();
    expectTypeOf(await all([async (): Promise<void> => {}])).toEqualTypeOf<[void]>();
  });
});

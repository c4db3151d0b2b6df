import { setTimeout } from "node:timers/promises";
import { CancelScope, moveOnAfter, shielded } from "@espalier/cancel-scope";
import { openMemoryChannel } from "@espalier/channel";
import { mapConcurrent } from "@espalier/combinators";
import { Cancelled, currentTask, currentTime, sleep, sleepForever } from "@espalier/core";
import { NurseryError, openNursery, TaskCancelledError } from "@espalier/nursery";
import { rejection, unhandledDuring } from "@espalier/test-support";
import { describe, expect, expectTypeOf, it } from "vitest";
import { failing, virtually } from "./support.ts";

/** Waits as many milliseconds as its argument says, and gives it back. */
async function wait(ms: number): Promise<number> {
  await sleep(ms);
  return ms;
}

/** Counts how many calls of a function are under way, and the most there were. */
function watched<A extends unknown[], R>(
  fn: (...args: A) => Promise<R>,
): { fn: (...args: A) => Promise<R>; running: number; most: number; calls: number } {
  const watch = {
    running: 0,
    most: 0,
    calls: 0,
    fn: async (...args: A): Promise<R> => {
      watch.calls++;
      watch.most = Math.max(watch.most, ++watch.running);
      try {
        return await fn(...args);
      } finally {
        watch.running--;
      }
    },
  };
  return watch;
}

describe("mapConcurrent to an array", () => {
  it("gives the results in the order of the items, however long each takes", async () => {
    expect(await virtually(() => mapConcurrent([30, 10, 20], { limit: 3 }, wait))).toEqual([30, 10, 20]);
  });

  it("gives them as they are ready when asked", async () => {
    const options = { limit: 3, ordered: false };
    expect(await virtually(() => mapConcurrent([30, 10, 20], options, wait))).toEqual([10, 20, 30]);
  });

  it("never has more calls under way than the limit, and no fewer while there is work", async () => {
    await virtually(async () => {
      const watch = watched(wait);
      await mapConcurrent([30, 10, 10, 10], { limit: 2 }, watch.fn);
      expect(watch.most).toBe(2);
      expect(currentTime()).toBe(30); // a slow head holds nobody back: 10, 10 and 10 run beside it
    });
  });

  it("runs one after the other with a limit of 1, and all at once with Infinity", async () => {
    await virtually(async () => {
      const one = watched(wait);
      await mapConcurrent([10, 10, 10], { limit: 1 }, one.fn);
      expect([one.most, currentTime()]).toEqual([1, 30]);
      const many = watched(wait);
      await mapConcurrent([10, 10, 10], { limit: Infinity }, many.fn);
      expect([many.most, currentTime()]).toEqual([3, 40]);
    });
  });

  it("numbers the items from 0", async () => {
    expect(await mapConcurrent("abc", { limit: 2 }, (letter, index) => letter + String(index))).toEqual([
      "a0",
      "b1",
      "c2",
    ]);
  });

  it("gives an empty array for nothing", async () => {
    expect(await mapConcurrent([], { limit: 2 }, wait)).toEqual([]);
    expect(await mapConcurrent((async function* () {})(), { limit: 2 }, wait)).toEqual([]);
  });

  it("keeps undefined as a result", async () => {
    expect(await mapConcurrent([1, 2], { limit: 2 }, () => undefined)).toEqual([undefined, undefined]);
  });

  it("takes async iterables, and a channel is one", async () => {
    await virtually(async () => {
      const [send, receive] = openMemoryChannel<number>();
      const results = await openNursery(async (nursery) => {
        nursery.startSoon(async () => {
          for (const ms of [3, 2, 1]) await send.send(ms);
          send.close();
        });
        return mapConcurrent(receive, { limit: 2 }, wait);
      });
      expect(results).toEqual([3, 2, 1]);
    });
  });

  it("prefers the async iterator of what has both", async () => {
    const both = {
      [Symbol.iterator]: () => [1][Symbol.iterator](),
      async *[Symbol.asyncIterator]() {
        yield 2;
      },
    };
    expect(await mapConcurrent(both as AsyncIterable<number>, { limit: 1 }, (n) => n)).toEqual([2]);
  });

  it("awaits items of a sync iterable that are promises, in turn", async () => {
    const items = [setTimeout(2, "a"), Promise.resolve("b"), "c"];
    expect(await mapConcurrent(items, { limit: 2 }, (letter) => letter.toUpperCase())).toEqual([
      "A",
      "B",
      "C",
    ]);
  });

  it("works through a hundred thousand items", async () => {
    const numbers = Array.from({ length: 100_000 }, (_, i) => i);
    const results = await mapConcurrent(numbers, { limit: 100 }, (n) => n + 1);
    expect(results).toHaveLength(100_000);
    expect(results[99_999]).toBe(100_000);
  });

  it("lets timers have their turn while it works through what never waits", async () => {
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    await mapConcurrent(Array.from({ length: 100_000 }), { limit: 10 }, () => undefined);
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(3);
  });
});

describe("mapConcurrent, pulling", () => {
  it("pulls an item only when it can start it", async () => {
    await virtually(async () => {
      let pulled = 0;
      let done = 0;
      function* source(): Generator<number> {
        for (;;) {
          expect(pulled - done).toBeLessThan(3);
          pulled++;
          if (pulled > 20) return;
          yield pulled % 4;
        }
      }
      await mapConcurrent(source(), { limit: 3 }, async (ms) => {
        await sleep(ms);
        done++;
      });
      expect(done).toBe(20);
    });
  });

  it("never pulls again before the last pull has ended", async () => {
    await virtually(async () => {
      let pulling = false;
      let left = 10;
      const source: AsyncIterable<number> = {
        [Symbol.asyncIterator]: () => ({
          next: async () => {
            expect(pulling).toBe(false);
            pulling = true;
            await sleep(1);
            pulling = false;
            return left-- > 0 ? { done: false, value: left } : { done: true, value: undefined };
          },
        }),
      };
      expect(await mapConcurrent(source, { limit: 4 }, wait)).toHaveLength(10);
    });
  });

  it("does not pull past the end", async () => {
    let pulls = 0;
    const source: Iterable<number> = {
      [Symbol.iterator]: () => ({
        next: () => (++pulls === 1 ? { done: false, value: 1 } : { done: true, value: undefined }),
        return: () => {
          throw new Error("it has ended by itself; there is nothing to close");
        },
      }),
    };
    expect(await mapConcurrent(source, { limit: 5 }, (n) => n)).toEqual([1]);
    expect(pulls).toBe(2);
  });

  it("stops pulling when it is cancelled, and closes the iterator once", async () => {
    await virtually(async () => {
      let pulled = 0;
      let closed = 0;
      function* naturals(): Generator<number> {
        try {
          for (;;) yield pulled++;
        } finally {
          closed++;
        }
      }
      const watch = watched(() => sleep(10));
      expect(await moveOnAfter(35, () => mapConcurrent(naturals(), { limit: 2 }, watch.fn))).toBe(undefined);
      expect([pulled, closed, watch.running, currentTime()]).toEqual([8, 1, 0, 35]);
    });
  });

  it("is cancelled while a sync iterable goes on for ever and calls never wait", async () => {
    function* naturals(): Generator<number> {
      for (let n = 0; ; n++) yield n;
    }
    expect(await moveOnAfter(5, () => mapConcurrent(naturals(), { limit: 3 }, () => 1))).toBe(undefined);
  });
});

describe("mapConcurrent, failing", () => {
  it("raises the error of a call as itself, and cancels and awaits the others", async () => {
    await virtually(async () => {
      const error = new Error("no");
      const watch = watched(async (n: number) => {
        if (n === 2) {
          await sleep(5);
          throw error;
        }
        await sleepForever();
      });
      expect(await rejection(mapConcurrent([1, 2, 3, 4, 5], { limit: 3 }, watch.fn))).toBe(error);
      expect([watch.calls, watch.running]).toEqual([3, 0]);
    });
  });

  it("raises several errors as a group, in the order in which they came", async () => {
    await virtually(async () => {
      const raised = await rejection(
        mapConcurrent([1, 2], { limit: 2 }, async (n) => {
          try {
            await sleep(n);
          } finally {
            throw new Error(String(n));
          }
        }),
      );
      expect(raised).toBeInstanceOf(NurseryError);
      expect((raised as NurseryError).errors).toEqual([new Error("1"), new Error("2")]);
    });
  });

  it("raises what a function throws synchronously", async () => {
    const raised = await rejection(
      mapConcurrent([1], { limit: 2 }, () => {
        throw new Error("at once");
      }),
    );
    expect(raised).toEqual(new Error("at once"));
  });

  it("takes a call that cancels its own task for a failure", async () => {
    const raised = await rejection(
      mapConcurrent([1, 2], { limit: 2 }, async () => {
        currentTask()?.cancel();
        await sleepForever();
      }),
    );
    expect(raised).toBeInstanceOf(TaskCancelledError);
  });

  it("raises an error of the iterable, and does not close what has broken", async () => {
    for (const next of [
      () => Promise.reject(new Error("broken")),
      () => {
        throw new Error("broken");
      },
    ]) {
      let closed = 0;
      const watch = watched(() => sleepForever());
      let pulls = 0;
      const source: AsyncIterable<number> = {
        [Symbol.asyncIterator]: () => ({
          next: () => (pulls++ === 0 ? Promise.resolve({ done: false, value: 1 }) : next()),
          return: async () => {
            closed++;
            return { done: true, value: undefined };
          },
        }),
      };
      expect(await rejection(mapConcurrent(source, { limit: 2 }, watch.fn))).toEqual(new Error("broken"));
      expect([closed, watch.calls, watch.running]).toEqual([0, 1, 0]);
    }
  });

  it("raises an error of a sync iterable", async () => {
    function* source(): Generator<number> {
      yield 1;
      throw new Error("broken");
    }
    expect(await rejection(mapConcurrent(source(), { limit: 2 }, () => sleepForever()))).toEqual(
      new Error("broken"),
    );
  });

  it("raises the rejection of an item that is a promise, and closes the iterator", async () => {
    let closed = 0;
    function* source(): Generator<Promise<number>> {
      try {
        yield Promise.resolve(1);
        yield Promise.reject(new Error("rejected"));
      } finally {
        closed++;
      }
    }
    expect(await rejection(mapConcurrent(source(), { limit: 2 }, () => sleepForever()))).toEqual(
      new Error("rejected"),
    );
    expect(closed).toBe(1);
  });

  it("raises what asking for the iterator raises", async () => {
    const source: Iterable<number> = {
      [Symbol.iterator]: () => {
        throw new Error("not today");
      },
    };
    expect(await rejection(mapConcurrent(source, { limit: 2 }, wait))).toEqual(new Error("not today"));
  });

  it("says that an iterator is broken which gives no { done, value }", async () => {
    const source = { [Symbol.iterator]: () => ({ next: () => 7 }) } as unknown as Iterable<number>;
    await expect(mapConcurrent(source, { limit: 2 }, wait)).rejects.toThrow("next() gave 7");
    const async = { [Symbol.asyncIterator]: () => ({ next: () => 7 }) } as unknown as AsyncIterable<number>;
    await expect(mapConcurrent(async, { limit: 2 }, wait)).rejects.toThrow("next() gave 7");
  });
});

describe("mapConcurrent, closing its source", () => {
  it("calls return() once and waits for it when a call fails", async () => {
    await virtually(async () => {
      const log: string[] = [];
      async function* source(): AsyncGenerator<number> {
        try {
          for (let n = 0; ; n++) yield n;
        } finally {
          log.push("closing");
          await sleep(50); // not cancelled: the caller is not
          log.push("closed");
        }
      }
      const raised = await rejection(
        mapConcurrent(source(), { limit: 2 }, async (n) => {
          await sleep(10);
          if (n === 1) throw new Error("no");
        }),
      );
      expect(raised).toEqual(new Error("no"));
      expect(log).toEqual(["closing", "closed"]);
      expect(currentTime()).toBe(60);
    });
  });

  it("closes in the cancelled scope of the caller when that is why", async () => {
    await virtually(async () => {
      const log: string[] = [];
      async function* source(): AsyncGenerator<number> {
        try {
          for (let n = 0; ; n++) yield n;
        } finally {
          try {
            await sleep(50);
          } catch (error) {
            log.push(error instanceof Cancelled ? "cancelled" : "?");
            throw error;
          }
        }
      }
      expect(await moveOnAfter(5, () => mapConcurrent(source(), { limit: 2 }, () => sleepForever()))).toBe(
        undefined,
      );
      expect(log).toEqual(["cancelled"]);
      expect(currentTime()).toBe(5);
    });
  });

  it("unwinds an async generator in the middle of a pull", async () => {
    await virtually(async () => {
      const log: string[] = [];
      async function* source(): AsyncGenerator<number> {
        try {
          yield 1;
          await sleepForever();
        } finally {
          log.push("unwound");
        }
      }
      const raised = await rejection(
        mapConcurrent(source(), { limit: 2 }, async () => {
          await sleep(5);
          throw new Error("no");
        }),
      );
      expect(raised).toEqual(new Error("no"));
      expect(log).toEqual(["unwound"]);
      expect(await moveOnAfter(5, () => mapConcurrent(source(), { limit: 2 }, wait))).toBe(undefined);
      expect(log).toEqual(["unwound", "unwound"]);
    });
  });

  it("waits for the cleanup of a generator that was unwound in the middle of a pull", async () => {
    let cleaned = false;
    async function* source(): AsyncGenerator<number> {
      try {
        await sleepForever();
        yield 1;
      } finally {
        await setTimeout(20); // foreign, so it takes its time
        cleaned = true;
      }
    }
    await moveOnAfter(5, () => mapConcurrent(source(), { limit: 2 }, wait));
    expect(cleaned).toBe(true);
  });

  it("does not lose an error of a generator that was unwound in the middle of a pull", async () => {
    await virtually(async () => {
      async function* source(): AsyncGenerator<number> {
        try {
          yield 1;
          await sleepForever();
        } finally {
          throw new Error("could not close");
        }
      }
      expect(await rejection(moveOnAfter(5, () => mapConcurrent(source(), { limit: 2 }, wait)))).toEqual(
        new Error("could not close"),
      );
      const both = await rejection(
        mapConcurrent(source(), { limit: 2 }, async () => {
          await sleep(5);
          throw new Error("no");
        }),
      );
      expect((both as NurseryError).errors).toEqual([new Error("no"), new Error("could not close")]);
    });
  });

  it("raises what return() raises", async () => {
    for (const raise of [
      () => Promise.reject(new Error("could not close")),
      () => {
        throw new Error("could not close");
      },
    ]) {
      const source: AsyncIterable<number> = {
        [Symbol.asyncIterator]: () => ({
          next: async () => ({ done: false, value: 1 }),
          return: raise,
        }),
      };
      await virtually(async () => {
        expect(
          await rejection(moveOnAfter(5, () => mapConcurrent(source, { limit: 1 }, () => sleepForever()))),
        ).toEqual(new Error("could not close"));
        const both = await rejection(mapConcurrent(source, { limit: 1 }, failing("no")));
        expect((both as NurseryError).errors).toEqual([new Error("no"), new Error("could not close")]);
      });
    }
  });

  it("does not wait for a pull that never ends once return() has ended", async () => {
    await virtually(async () => {
      let closed = 0;
      const source: AsyncIterable<number> = {
        [Symbol.asyncIterator]: () => ({
          next: () => new Promise(() => undefined),
          return: async () => {
            closed++;
            await sleep(0).catch(() => undefined);
            return { done: true, value: undefined };
          },
        }),
      };
      const scope = new CancelScope();
      const mapping = scope.run(() => mapConcurrent(source, { limit: 2 }, wait));
      await setTimeout(1);
      scope.cancel();
      expect(await mapping).toBe(undefined);
      expect(closed).toBe(1);
    });
  });

  it.each([
    ["has no return()", {}],
    ["has null for it, which means the same", { return: null as never }],
  ])("waits for a pull that is under way if the iterator %s", async (_what, closing) => {
    let pulls = 0;
    let ended = false;
    const source: AsyncIterable<number> = {
      [Symbol.asyncIterator]: () => ({
        next: async () => {
          if (pulls++ > 0) {
            await setTimeout(20);
            ended = true;
          }
          return { done: false, value: 1 };
        },
        ...closing,
      }),
    };
    const watch = watched(failing("no"));
    expect(await rejection(mapConcurrent(source, { limit: 2 }, watch.fn))).toEqual(new Error("no"));
    expect([ended, watch.calls]).toEqual([true, 1]);
  });

  it("drops what an abandoned pull brings, and handles its rejection", async () => {
    let reject = (_: Error): void => undefined;
    const source: AsyncIterable<number> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise((_resolve, rejectPull) => (reject = rejectPull)),
        return: async () => ({ done: true, value: undefined }),
      }),
    };
    const unhandled = await unhandledDuring(async () => {
      expect(await moveOnAfter(5, () => mapConcurrent(source, { limit: 2 }, wait))).toBe(undefined);
      reject(new Error("much later"));
    });
    expect(unhandled).toEqual([]);
  });

  it("does not wait for an item that is a promise: it goes on without us", async () => {
    let closed = 0;
    const items: Iterable<Promise<number>> = {
      [Symbol.iterator]: () => ({
        next: () => ({ done: false, value: new Promise<number>(() => undefined) }),
        return: () => {
          closed++;
          return { done: true, value: undefined };
        },
      }),
    };
    expect(await moveOnAfter(5, () => mapConcurrent(items, { limit: 2 }, wait))).toBe(undefined);
    expect(closed).toBe(1);
    const pending = [new Promise<number>(() => undefined)];
    expect(await moveOnAfter(5, () => mapConcurrent(pending, { limit: 2 }, wait))).toBe(undefined);
  });

  it("takes no item out of a channel that it does not hand to a call", async () => {
    await virtually(async () => {
      const [send, receive] = openMemoryChannel<number>(10);
      const seen: number[] = [];
      const scope = new CancelScope();
      const mapping = scope.run(() =>
        mapConcurrent(receive, { limit: 2 }, async (n) => {
          seen.push(n);
          await sleepForever();
        }),
      );
      for (let n = 0; n < 5; n++) await send.send(n);
      await sleep(1);
      scope.cancel();
      await mapping;
      expect(seen).toEqual([0, 1]);
      expect(receive.statistics()).toMatchObject({ currentBufferUsed: 3, tasksWaitingReceive: 0 });
    });
  });
});

describe("mapConcurrent into a block", () => {
  it("streams the results in order, and gives the block's value", async () => {
    await virtually(async () => {
      const seen: [number, number][] = [];
      const value = await mapConcurrent([30, 10, 20], { limit: 3 }, wait, async (results) => {
        for await (const result of results) seen.push([result, currentTime()]);
        return "done";
      });
      expect(value).toBe("done");
      expect(seen).toEqual([
        [30, 30],
        [10, 30],
        [20, 30],
      ]);
    });
  });

  it("streams them as they are ready when asked", async () => {
    await virtually(async () => {
      const seen: [number, number][] = [];
      await mapConcurrent([30, 10, 20], { limit: 3, ordered: false }, wait, async (results) => {
        for await (const result of results) seen.push([result, currentTime()]);
      });
      expect(seen).toEqual([
        [10, 10],
        [20, 20],
        [30, 30],
      ]);
    });
  });

  it("holds calls and source back while the block is slow", async () => {
    await virtually(async () => {
      for (const ordered of [true, false]) {
        let pulled = 0;
        let taken = 0;
        function* naturals(): Generator<number> {
          for (;;) {
            expect(pulled - taken).toBeLessThan(3);
            yield pulled++;
          }
        }
        await mapConcurrent(
          naturals(),
          { limit: 3, ordered },
          async (n) => {
            await sleep(n % 2);
          },
          async (results) => {
            for await (const _ of results) {
              taken++;
              await sleep(10);
              if (taken === 20) break;
            }
          },
        );
        expect(pulled).toBeLessThanOrEqual(23);
      }
    });
  });

  it("cancels what still runs when the block ends, waits for it, and closes the source", async () => {
    await virtually(async () => {
      const watch = watched(wait);
      let closed = 0;
      async function* source(): AsyncGenerator<number> {
        try {
          for (let n = 1; ; n++) yield n * 10;
        } finally {
          await sleep(5);
          closed++;
        }
      }
      const first = await mapConcurrent(source(), { limit: 4 }, watch.fn, async (results) => {
        for await (const result of results) return result;
        return undefined;
      });
      expect([first, watch.running, closed]).toEqual([10, 0, 1]);
    });
  });

  it("ends at once when the block does not look at the results", async () => {
    await virtually(async () => {
      const watch = watched(() => sleepForever());
      expect(await mapConcurrent([1, 2], { limit: 2 }, watch.fn, () => "no interest")).toBe("no interest");
      expect([watch.running, currentTime()]).toEqual([0, 0]);
    });
  });

  it("ends the loop at once for an empty source", async () => {
    const value = await mapConcurrent([], { limit: 2 }, wait, async (results) => {
      for await (const _ of results) throw new Error("nothing is there");
      for await (const _ of results) throw new Error("nothing is there");
      return "empty";
    });
    expect(value).toBe("empty");
  });

  it("goes on in another loop where the last one stopped", async () => {
    const seen: number[] = [];
    await mapConcurrent([1, 2, 3, 4], { limit: 2 }, wait, async (results) => {
      for await (const result of results) {
        seen.push(result);
        if (result === 2) break;
      }
      seen.push(0);
      for await (const result of results) seen.push(result);
    });
    expect(seen).toEqual([1, 2, 0, 3, 4]);
  });

  it("gives each result to one of several consumers, first come, first served", async () => {
    await virtually(async () => {
      const seen: number[] = [];
      await mapConcurrent([1, 2, 3, 4, 5], { limit: 2 }, wait, async (results) => {
        const consume = async (): Promise<void> => {
          for await (const result of results) seen.push(result);
        };
        await openNursery((nursery) => {
          for (let n = 0; n < 3; n++) nursery.startSoon(consume);
        });
      });
      expect(seen.sort()).toEqual([1, 2, 3, 4, 5]);
    });
  });

  it("loses no result to a consumer whose wait was cancelled", async () => {
    await virtually(async () => {
      const seen = await mapConcurrent([10, 20], { limit: 2 }, wait, async (results) => {
        const iterator = results[Symbol.asyncIterator]();
        expect(await moveOnAfter(5, () => iterator.next())).toBe(undefined);
        const found: number[] = [];
        for await (const result of results) found.push(result);
        return found;
      });
      expect(seen).toEqual([10, 20]);
    });
  });

  it("raises the error of a call, and unwinds the block", async () => {
    await virtually(async () => {
      let end: unknown;
      const raised = await rejection(
        mapConcurrent(
          [1, 2],
          { limit: 2 },
          async (n) => {
            await sleep(n);
            if (n === 2) throw new Error("no");
          },
          async (results) => {
            try {
              for await (const _ of results);
            } catch (error) {
              end = error;
              throw error;
            }
          },
        ),
      );
      expect(raised).toEqual(new Error("no"));
      expect(end).toBeInstanceOf(Cancelled);
    });
  });

  it("raises the error of a call also when the block has ended well", async () => {
    await virtually(async () => {
      const raised = await rejection(
        mapConcurrent([1], { limit: 1 }, failing("no"), async (results) => {
          try {
            for await (const _ of results);
          } catch {
            return "swallowed";
          }
          return "done";
        }),
      );
      expect(raised).toEqual(new Error("no"));
    });
  });

  it("raises an error of the source in the middle of the stream", async () => {
    function* source(): Generator<number> {
      yield 1;
      throw new Error("broken");
    }
    const seen: number[] = [];
    const raised = await rejection(
      mapConcurrent(source(), { limit: 1 }, wait, async (results) => {
        for await (const result of results) seen.push(result);
      }),
    );
    expect(raised).toEqual(new Error("broken"));
    expect(seen).toEqual([1]);
  });

  it("raises the error of the block, and cancels the calls", async () => {
    await virtually(async () => {
      const watch = watched(() => sleepForever());
      const raised = await rejection(
        mapConcurrent([1, 2], { limit: 2 }, watch.fn, async () => {
          await sleep(5);
          throw new Error("the block");
        }),
      );
      expect(raised).toEqual(new Error("the block"));
      expect(watch.running).toBe(0);
    });
  });

  it("raises what a call that was cut off raises in its cleanup", async () => {
    const raised = await rejection(
      mapConcurrent(
        [1],
        { limit: 1 },
        async () => {
          try {
            await sleepForever();
          } finally {
            throw new Error("cleanup");
          }
        },
        () => sleep(1),
      ),
    );
    expect(raised).toEqual(new Error("cleanup"));
  });

  it("gives the block's value although a cancellation came while the calls were cleaning up", async () => {
    await virtually(async () => {
      const scope = new CancelScope();
      const value = await scope.run(() =>
        mapConcurrent(
          [1],
          { limit: 1 },
          async () => {
            try {
              await sleepForever();
            } finally {
              scope.cancel();
            }
          },
          async () => {
            await sleep(1);
            return "kept";
          },
        ),
      );
      expect(value).toBe("kept");
    });
  });

  it("is cancelled from outside with all in it", async () => {
    await virtually(async () => {
      const watch = watched(() => sleepForever());
      const value = await moveOnAfter(5, () =>
        mapConcurrent([1, 2, 3], { limit: 2 }, watch.fn, async (results) => {
          for await (const _ of results);
        }),
      );
      expect([value, watch.calls, watch.running]).toEqual([undefined, 2, 0]);
    });
  });

  it("refuses to give results outside its block", async () => {
    let leaked: AsyncIterable<number> | undefined;
    await mapConcurrent([1], { limit: 1 }, wait, (results) => {
      leaked = results;
    });
    await expect(leaked?.[Symbol.asyncIterator]().next()).rejects.toThrow("its block has been left");
  });

  it("does not leave a shielded consumer waiting for results that will not come", async () => {
    const raised = await rejection(
      mapConcurrent(
        [1],
        { limit: 1 },
        async () => {
          await sleep(1);
          throw new Error("no");
        },
        (results) =>
          shielded(
            async () => {
              for await (const _ of results);
            },
            { graceMs: Infinity },
          ).catch(() => undefined),
      ),
    );
    expect(raised).toEqual(new Error("no"));
  });
});

describe("mapConcurrent, called wrongly or in vain", () => {
  it("pulls nothing and calls nothing in a cancelled scope", async () => {
    const scope = new CancelScope();
    scope.cancel();
    let touched = 0;
    const source: Iterable<number> = {
      [Symbol.iterator]: () => {
        touched++;
        return [1][Symbol.iterator]();
      },
    };
    await scope.run(async () => {
      expect(await rejection(mapConcurrent(source, { limit: 1 }, () => touched++))).toBeInstanceOf(Cancelled);
      const streaming = mapConcurrent(
        source,
        { limit: 1 },
        () => touched++,
        () => touched++,
      );
      expect(await rejection(streaming)).toBeInstanceOf(Cancelled);
    });
    expect(touched).toBe(0);
  });

  it("wants a limit of 1 or more", async () => {
    for (const limit of [0, -1, 1.5, NaN, -Infinity])
      expect(await rejection(mapConcurrent([1], { limit }, wait)), `limit ${limit}`).toBeInstanceOf(
        RangeError,
      );
    // @ts-expect-error wrong on purpose
    expect(await rejection(mapConcurrent([1], { limit: "2" }, wait))).toBeInstanceOf(TypeError);
    // @ts-expect-error wrong on purpose
    await expect(mapConcurrent([1], {}, wait)).rejects.toThrow(
      "mapConcurrent.limit needs a number, not undefined",
    );
    // @ts-expect-error wrong on purpose
    await expect(mapConcurrent([1], wait)).rejects.toThrow("mapConcurrent needs { limit }");
    // @ts-expect-error wrong on purpose
    await expect(mapConcurrent([1], { limit: 1, ordered: "no" }, wait)).rejects.toThrow(
      "needs true or false",
    );
  });

  it("wants an iterable, and functions", async () => {
    // @ts-expect-error wrong on purpose
    await expect(mapConcurrent(7, { limit: 1 }, wait)).rejects.toThrow(
      "mapConcurrent needs an iterable or an async iterable, not number.",
    );
    // @ts-expect-error wrong on purpose
    await expect(mapConcurrent(null, { limit: 1 }, wait)).rejects.toThrow("not null");
    // @ts-expect-error wrong on purpose
    await expect(mapConcurrent(Promise.resolve([1]), { limit: 1 }, wait)).rejects.toThrow("await it first");
    // @ts-expect-error wrong on purpose
    await expect(mapConcurrent(function* () {}, { limit: 1 }, wait)).rejects.toThrow("call it first");
    // @ts-expect-error wrong on purpose
    await expect(mapConcurrent([1], { limit: 1 }, wait(1))).rejects.toThrow("you passed a promise");
    // @ts-expect-error wrong on purpose
    await expect(mapConcurrent([1], { limit: 1 }, wait, "block")).rejects.toThrow("needs a function");
  });

  it("infers what it maps from and to", async () => {
    expectTypeOf(await mapConcurrent([1], { limit: 1 }, (n) => String(n))).toEqualTypeOf<string[]>();
    expectTypeOf(await mapConcurrent([1], { limit: 1 }, async (n) => n > 0)).toEqualTypeOf<boolean[]>();
    const promises: Promise<Date>[] = [];
    await mapConcurrent(promises, { limit: 1 }, (item, index) => {
      expectTypeOf(item).toEqualTypeOf<Date>();
      expectTypeOf(index).toEqualTypeOf<number>();
    });
    const [, receive] = openMemoryChannel<"x">(1);
    receive.close();
    await mapConcurrent(receive, { limit: 1 }, (item) => {
      expectTypeOf(item).toEqualTypeOf<"x">();
    }).catch(() => undefined);
    const value = await mapConcurrent(
      new Set(["a"]),
      { limit: 1 },
      (s) => s.length,
      async (results) => {
        expectTypeOf(results).toEqualTypeOf<AsyncIterable<number>>();
        for await (const length of results) expectTypeOf(length).toEqualTypeOf<number>();
        return "end" as const;
      },
    );
    expectTypeOf(value).toEqualTypeOf<"end">();
  });
});

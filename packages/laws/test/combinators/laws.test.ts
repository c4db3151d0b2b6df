import { CancelScope, moveOnAfter, shielded } from "@espalier/cancel-scope";
import { openMemoryChannel } from "@espalier/channel";
import { all, allSettled, any, every, mapConcurrent, race, retry } from "@espalier/combinators";
import { Cancelled, sleep, sleepForever } from "@espalier/core";
import { CapacityLimiter, Semaphore } from "@espalier/sync";
import { assertCheckpoints, exploreSchedules, runVirtual } from "@espalier/testing";
import { describe, expect, it } from "vitest";

describe("law 4: each combinator is a checkpoint", () => {
  const calls: Record<string, () => Promise<unknown>> = {
    all: () => all([() => 1]),
    "all of nothing": () => all([]),
    "all of an empty record": () => all({}),
    allSettled: () => allSettled([() => 1]),
    "allSettled of nothing": () => allSettled([]),
    race: () => race([() => 1]),
    any: () => any([() => 1]),
    mapConcurrent: () => mapConcurrent([1], { limit: 1 }, (n) => n),
    "mapConcurrent of nothing": () => mapConcurrent([], { limit: 1 }, (n) => n),
    "mapConcurrent into a block": () =>
      mapConcurrent(
        [1],
        { limit: 1 },
        (n) => n,
        () => 1,
      ),
    retry: () => retry({ maxAttempts: 1, delayMs: 0 }, () => 1),
  };
  for (const [name, call] of Object.entries(calls)) {
    it(`${name}, that never had to wait`, async () => {
      await assertCheckpoints(call);
    });

    it(`${name}, in a cancelled scope`, async () => {
      const scope = new CancelScope();
      scope.cancel();
      let raised: unknown;
      await scope.run(() => call().catch((error: unknown) => (raised = error)));
      expect(raised).toBeInstanceOf(Cancelled);
    });
  }

  it("every, at each call", async () => {
    await runVirtual(() => assertCheckpoints(() => moveOnAfter(25, () => every(10, () => 1))));
  });

  it("results, at each step", async () => {
    await mapConcurrent(
      [1],
      { limit: 1 },
      (n) => n,
      async (results) => {
        const iterator = results[Symbol.asyncIterator]();
        expect(await assertCheckpoints(() => iterator.next())).toEqual({ done: false, value: 1 });
        expect(await assertCheckpoints(() => iterator.next())).toEqual({ done: true, value: undefined });
      },
    );
  });
});

describe("combinators with everything else", () => {
  it("law 2: a shielded cleanup is waited for by whoever cancelled it", async () => {
    const cleanup = (log: string[]) => async () => {
      try {
        await sleepForever();
      } finally {
        await shielded(() => sleep(50), { graceMs: 1000 });
        log.push("cleaned up");
      }
    };
    await runVirtual(async () => {
      const log: string[] = [];
      await race([() => sleep(1), cleanup(log)]);
      await any([() => sleep(1), cleanup(log)]);
      await all([() => Promise.reject(new Error("no")), cleanup(log)]).catch(() => undefined);
      await mapConcurrent([1], { limit: 1 }, cleanup(log), () => sleep(1));
      await moveOnAfter(1, () => allSettled([cleanup(log)]));
      expect(log).toHaveLength(5);
    });
  });

  it("law 5: a race of receivers takes no item for those who lose", async () => {
    await exploreSchedules(
      async () => {
        const channels = [0, 1, 2].map(() => openMemoryChannel<string>(1));
        const winner = race([
          ...channels.map(
            ([, receive]) =>
              () =>
                receive.receive(),
          ),
          () => sleep(1).then(() => "nothing"),
        ]);
        expect(await winner).toBe("nothing");
        for (const [send, receive] of channels) {
          expect(receive.statistics().tasksWaitingReceive).toBe(0);
          send.sendNowait("for the next one");
          expect(receive.receiveNowait()).toBe("for the next one");
        }
      },
      { runs: 30, seed: 1 },
    );
  });

  it("law 6: an item that was delivered to a race is not lost to a cancellation", async () => {
    await exploreSchedules(
      async () => {
        const [send, receive] = openMemoryChannel<number>();
        const scope = new CancelScope();
        let got: number | undefined;
        await all([
          () =>
            scope.run(async () => {
              got = await race([() => receive.receive(), sleepForever]);
            }),
          async () => {
            await sleep(1);
            send.sendNowait(7);
            scope.cancel();
          },
        ]);
        expect(got).toBe(7);
      },
      { runs: 50, seed: 2 },
    );
  });

  it("law 8: a mapping whose calls share a limiter serves them in order", async () => {
    await runVirtual(async () => {
      const limiter = new CapacityLimiter(1);
      const order: number[] = [];
      await mapConcurrent([0, 1, 2, 3, 4], { limit: 5 }, async (n) => {
        using _token = await limiter.acquire();
        order.push(n);
        await sleep(1);
      });
      expect(order).toEqual([0, 1, 2, 3, 4]);
    });
  });

  it("a call that fails while it holds a permit gives it back", async () => {
    const semaphore = new Semaphore(2, { maxValue: 2 });
    const raised = await mapConcurrent([1, 2, 3, 4], { limit: 4 }, async (n) => {
      using _permit = await semaphore.acquire();
      await sleep(n);
      if (n === 2) throw new Error("no");
    }).catch((error: unknown) => error);
    expect(raised).toEqual(new Error("no"));
    expect(semaphore.value).toBe(2);
  });

  it("a pipeline of mappings through a channel ends when its source does", async () => {
    await exploreSchedules(
      async () => {
        const [send, receive] = openMemoryChannel<number>();
        const [, squares] = await all([
          async () => {
            using end = send;
            await mapConcurrent([1, 2, 3, 4], { limit: 2 }, async (n) => {
              await sleep(n % 2);
              await end.send(n);
            });
          },
          () => mapConcurrent(receive, { limit: 2 }, async (n) => n * n),
        ]);
        expect(squares.sort((a, b) => a - b)).toEqual([1, 4, 9, 16]);
      },
      { runs: 30, seed: 3 },
    );
  });
});

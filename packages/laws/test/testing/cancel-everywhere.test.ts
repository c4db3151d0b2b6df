import { moveOnAfter, shielded } from "@espalier/cancel-scope";
import {
  openBroadcastChannel,
  openMemoryChannel,
  openRetryingChannel,
  openWatchChannel,
  receiveCase,
  select,
  sendCase,
} from "@espalier/channel";
import { all, allSettled, any, every, mapConcurrent, race, retry } from "@espalier/combinators";
import { sleep } from "@espalier/core";
import { openNursery } from "@espalier/nursery";
import { Condition, Lock } from "@espalier/sync";
import { cancelEverywhere, exploreSchedules, UncleanCancellationError } from "@espalier/testing";
import { describe, expect, it } from "vitest";

/** Programs that end by themselves, of what lies on the floors below, each right. */
const programs: Record<string, () => Promise<unknown>> = {
  "combinators with losers": async () => {
    await race([() => sleep(5), () => sleep(10), () => shielded(() => sleep(6), { graceMs: 100 })]);
    await any([() => sleep(2).then(() => Promise.reject(new Error("first"))), () => sleep(4)]);
    await all({ a: () => sleep(1), b: () => mapConcurrent([1, 2, 3], { limit: 2 }, (ms) => sleep(ms)) });
    await allSettled([() => sleep(1), () => sleep(1).then(() => Promise.reject(new Error("second")))]);
    await moveOnAfter(25, () => every(10, () => sleep(1)));
  },
  "retry until it works": async () => {
    await retry({ maxAttempts: 4, delayMs: 10 }, async (attempt) => {
      await sleep(1);
      if (attempt < 3) throw new Error("not yet");
    });
  },
  "select over two channels": async () => {
    const [send, receive] = openMemoryChannel<number>();
    const [other, theirs] = openMemoryChannel<string>(1);
    await openNursery(async (nursery) => {
      nursery.startSoon(async () => {
        await sleep(5);
        await send.send(1);
      });
      nursery.startSoon(() => select([sendCase(other, "a")]));
      for (let i = 0; i < 2; i++) await select([receiveCase(receive), receiveCase(theirs)]);
    });
  },
  "a retrying channel whose first receiver fails": async () => {
    const [send, receive] = openRetryingChannel<string>({ maxAttempts: 3, backoff: 5 });
    await openNursery(async (nursery) => {
      nursery.startSoon(async () => {
        using end = receive;
        await end.process(async (_item, delivery) => {
          await sleep(1);
          if (delivery.attempt === 1) throw new Error("the first time");
        });
      });
      using end = send;
      await end.send("item");
    });
  },
  "broadcast and watch": async () => {
    const { send, subscribe } = openBroadcastChannel<number>({ capacity: 1, overflow: "block" });
    const [set, seen] = openWatchChannel(0);
    await openNursery(async (nursery) => {
      for (let i = 0; i < 2; i++) {
        const subscriber = subscribe();
        nursery.startSoon(async () => {
          for await (const item of subscriber) await sleep(item);
        });
      }
      nursery.startSoon(() => seen.changed());
      for (let i = 0; i < 3; i++) await send.send(i);
      set.set(1);
      send.close();
    });
  },
  "a condition that is waited for": async () => {
    const condition = new Condition(new Lock());
    let ready = false;
    await openNursery(async (nursery) => {
      nursery.startSoon(async () => {
        using guard = await condition.acquire();
        await condition.waitFor(guard, () => ready);
      });
      await sleep(5);
      using _guard = await condition.acquire();
      ready = true;
      condition.notifyAll();
    });
  },
};

describe("cancelEverywhere finds nothing wrong with", () => {
  it.each(Object.keys(programs))("%s", async (name) => {
    for (const seed of [undefined, 1, 2]) {
      const report = await cancelEverywhere(programs[name]!, seed === undefined ? {} : { seed });
      expect(report.complete).toBe(true);
    }
  });
});

describe("exploreSchedules finds nothing wrong with", () => {
  it.each(Object.keys(programs))("%s", async (name) => {
    await exploreSchedules(programs[name]!, { runs: 30 });
  });
});

describe("cancelEverywhere finds what the laws forbid", () => {
  it("a Promise.race whose loser stays in line", async () => {
    const [send, receive] = openMemoryChannel<string>(1);
    const error = await cancelEverywhere(async () => {
      await Promise.race([receive.receive(), sleep(5)]);
    })
      .catch((caught: unknown) => caught)
      .finally(() => {
        send.close();
      });
    expect(error).toBeInstanceOf(UncleanCancellationError);
    expect((error as Error).message).toContain("waiting for channel.receive");
  });

  it("a broad catch around the last retry", async () => {
    const error = await cancelEverywhere(async function program() {
      try {
        await retry({ maxAttempts: 2, delayMs: 5 }, async () => sleep(1));
      } catch {
        console.assert(true, "gave up"); // a Cancelled, too
      }
    }).catch((caught: unknown) => caught);
    expect((error as Error).message).toContain("swallowed the Cancelled");
  });
});

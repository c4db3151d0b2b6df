import { CancelScope } from "@espalier/cancel-scope";
import { currentTime, run, sleep, sleepForever } from "@espalier/core";
import { MockClock } from "@espalier/core/testing";
import { describe, expect, it } from "vitest";

import { alternateFamilies, firstToConnect } from "../../src/happy-eyeballs.ts";

function virtual(body: () => Promise<void>): Promise<void> {
  return run(body, { clock: new MockClock({ autojumpThresholdMs: 0 }) });
}

class Connection {
  destroyed = false;
  destroy(): void {
    this.destroyed = true;
  }
}

/** What an address does: connects after so long, fails after so long, or is a black hole. */
type Behaviour = { readonly connectsAfter: number } | { readonly failsAfter: number } | "black hole";

async function race(behaviours: readonly Behaviour[], delayMs = 250) {
  const log: string[] = [];
  const connections: Connection[] = [];
  const addresses = behaviours.map((_, i) => ({ address: `${i}`, family: 4 }));
  const outcome = await firstToConnect(
    addresses,
    async ({ address }) => {
      const behaviour = behaviours[Number(address)] as Behaviour;
      log.push(`${address} begins at ${currentTime()}`);
      try {
        if (behaviour === "black hole") await sleepForever();
        else if ("failsAfter" in behaviour) {
          await sleep(behaviour.failsAfter);
          throw new Error(`no ${address}`);
        } else await sleep(behaviour.connectsAfter);
      } finally {
        log.push(`${address} ends at ${currentTime()}`);
      }
      const connection = new Connection();
      connections.push(connection);
      return connection;
    },
    delayMs,
  );
  return { log, connections, ...outcome };
}

describe("firstToConnect", () => {
  it("gives each attempt a head start, and cancels the losers", () =>
    virtual(async () => {
      const { log, winner } = await race(["black hole", "black hole", { connectsAfter: 100 }]);
      expect(winner).toBeDefined();
      expect(log).toEqual([
        "0 begins at 0",
        "1 begins at 250",
        "2 begins at 500",
        "2 ends at 600",
        "0 ends at 600",
        "1 ends at 600",
      ]);
    }));

  it("passes the turn on at once when an attempt fails", () =>
    virtual(async () => {
      const { log, errors, winner } = await race([{ failsAfter: 10 }, { connectsAfter: 10 }]);
      expect(winner).toBeDefined();
      expect(errors).toHaveLength(1);
      expect(log).toEqual(["0 begins at 0", "0 ends at 10", "1 begins at 10", "1 ends at 20"]);
    }));

  it("lets the first one win although a second one has joined", () =>
    virtual(async () => {
      const { log, winner, connections } = await race([{ connectsAfter: 300 }, { connectsAfter: 300 }]);
      expect(winner).toBe(connections[0]);
      expect(log).toContain("1 begins at 250");
      expect(currentTime()).toBe(300);
    }));

  it("closes the one that connects in the same moment", () =>
    virtual(async () => {
      const { winner, connections } = await race([{ connectsAfter: 300 }, { connectsAfter: 50 }]);
      expect(connections.filter(({ destroyed }) => !destroyed)).toEqual([winner]);
    }));

  it("takes an only address as it is: connected, failed, or cancelled", () =>
    virtual(async () => {
      expect((await race([{ connectsAfter: 10 }])).winner).toBeDefined();
      expect((await race([{ failsAfter: 10 }])).errors.map(String)).toEqual(["Error: no 0"]);
      const scope = new CancelScope({ timeout: 400 });
      await scope.run(() => race(["black hole"]));
      expect(scope.cancelledCaught).toBe(true);
    }));

  it("gives all errors when nobody answers", () =>
    virtual(async () => {
      const { winner, errors } = await race([{ failsAfter: 500 }, { failsAfter: 10 }, { failsAfter: 20 }]);
      expect(winner).toBeUndefined();
      expect(errors.map(String)).toEqual(["Error: no 1", "Error: no 2", "Error: no 0"]);
    }));

  it("tries one after the other with a delay of Infinity, all at once with 0", () =>
    virtual(async () => {
      const slow = await race([{ failsAfter: 1000 }, { connectsAfter: 1 }], Infinity);
      expect(slow.log[2]).toBe("1 begins at 1000");
      const start = currentTime();
      const fast = await race(["black hole", "black hole", { connectsAfter: 1 }], 0);
      expect(
        fast.log.filter((line) => line.includes("begins")).every((line) => line.endsWith(`at ${start}`)),
      ).toBe(true);
    }));

  it("cancels all attempts, and keeps no connection, when it is cancelled", () =>
    virtual(async () => {
      const scope = new CancelScope({ timeout: 400 });
      await scope.run(() => race(["black hole", "black hole"]));
      expect([scope.cancelledCaught, currentTime()]).toEqual([true, 400]);
    }));
});

describe("alternateFamilies", () => {
  it("takes IPv6 and IPv4 in turn, beginning as the resolver does", () => {
    const make = (families: number[]) => families.map((family, i) => ({ address: `${i}`, family }));
    const order = (families: number[]) => alternateFamilies(make(families)).map(({ family }) => family);
    expect(order([6, 6, 6, 4, 4])).toEqual([6, 4, 6, 4, 6]);
    expect(order([4, 4, 6])).toEqual([4, 6, 4]);
    expect(order([4, 6, 6, 6])).toEqual([4, 6, 6, 6]);
    expect(order([])).toEqual([]);
  });
});

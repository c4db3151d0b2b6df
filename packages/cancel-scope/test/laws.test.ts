import {
  CancelScope,
  currentSignal,
  failAfter,
  moveOnAfter,
  shielded,
  withSignal,
} from "@espalier/cancel-scope";
import {
  Cancelled,
  checkpoint,
  checkpointIfCancelled,
  detached,
  isCancelled,
  sleep,
  sleepForever,
} from "@espalier/core";
import { park } from "@espalier/core/lowlevel";
import { rejection, turns, unhandledDuring } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

import { virtually } from "./support/virtual.ts";

describe("law 1: a cancelled scope is cancelled at every checkpoint", () => {
  it("each time, in catch and in finally, until it is left", () =>
    virtually(async () => {
      const raised: string[] = [];
      const checkpoints = [checkpoint, checkpointIfCancelled, () => sleep(1), () => sleep(0), sleepForever];
      const tryAll = async (where: string): Promise<void> => {
        for (const each of checkpoints) {
          expect(await rejection(each())).toBeInstanceOf(Cancelled);
          raised.push(where);
        }
      };
      await moveOnAfter(10, async () => {
        try {
          await sleepForever();
        } catch {
          await tryAll("catch");
        } finally {
          await tryAll("finally");
        }
        await tryAll("after");
      });
      expect(raised).toHaveLength(3 * checkpoints.length);
      await sleep(5); // left: nothing is raised any more
    }));

  it("a loop that catches every Cancelled spins, but cannot stop timers (law 8) and meets it each time", async () => {
    let rounds = 0;
    let stop = false;
    setTimeout(() => (stop = true), 5);
    await new CancelScope().run(async (scope) => {
      scope.cancel();
      while (!stop) {
        try {
          await checkpoint();
          throw new Error("a checkpoint passed");
        } catch (error) {
          if (!isCancelled(error)) throw error;
          rounds++;
        }
      }
    });
    expect(rounds).toBeGreaterThan(1);
  });

  it("in scopes and shields opened while it unwinds: the scope inherits it, the shield does not", async () => {
    const steps: string[] = [];
    await moveOnAfter(1, async () => {
      try {
        await sleepForever();
      } finally {
        await moveOnAfter(1000, () => checkpoint()).catch(() => steps.push("inherited"));
        await shielded(() => checkpoint(), { graceMs: 1000 });
        steps.push("shielded");
      }
    });
    expect(steps).toEqual(["inherited", "shielded"]);
  });
});

describe("law 4: functions that only open a block are no checkpoints", () => {
  it("their body runs to its first checkpoint, also in a cancelled scope", async () => {
    const began: string[] = [];
    await new CancelScope().run(async (scope) => {
      scope.cancel();
      const body = (name: string) => async (): Promise<string> => {
        began.push(name);
        return name;
      };
      expect(await new CancelScope().run(body("run"))).toBe("run");
      expect(await moveOnAfter(5, body("moveOnAfter"))).toBe("moveOnAfter");
      expect(await failAfter(5, body("failAfter"))).toBe("failAfter");
      expect(await shielded(body("shielded"), { graceMs: 0 })).toBe("shielded");
    });
    expect(began).toEqual(["run", "moveOnAfter", "failAfter", "shielded"]);
  });

  it("withSignal is one: cancelled on entry it does nothing", async () => {
    let called = false;
    await new CancelScope().run(async (scope) => {
      scope.cancel();
      await rejection(withSignal(async () => (called = true)));
    });
    expect(called).toBe(false);
  });
});

describe("law 7: a scope that was left is a cancelled scope, for good", () => {
  it("code that outlived it meets Cancelled at its next checkpoint, each time, with the remedy in the message", async () => {
    let go: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    const met: unknown[] = [];
    let floating: Promise<void> = Promise.resolve();
    await new CancelScope({ name: "request" }).run(() => {
      floating = (async () => {
        await gate;
        for (let i = 0; i < 3; i++) met.push(await rejection(checkpoint()));
      })();
    });
    go();
    await floating;
    expect(met).toHaveLength(3);
    for (const error of met) {
      expect(error).toMatchObject({ reason: { source: "scope-closed", scope: "request" } });
      expect((error as Error).message).toMatch(/outlived the scope "request".*detached/s);
    }
  });

  it("an operation still parked when its scope is left ends, and crashes nothing", async () => {
    let aborted = 0;
    const unhandled = await unhandledDuring(async () => {
      await new CancelScope().run(() => {
        void sleep(1e6);
        void sleepForever();
        void park("a wait", () => aborted++).promise;
      });
      await turns();
    });
    expect(unhandled).toEqual([]);
    expect(aborted).toBe(1);
  });

  it("nor do operations begun, or left, in a scope that was cancelled", async () => {
    const unhandled = await unhandledDuring(async () => {
      for (const count of [2, 5]) {
        await new CancelScope().run(async (scope) => {
          for (let i = 0; i < count; i++) void sleepForever();
          scope.cancel();
        });
      }
    });
    expect(unhandled).toEqual([]);
  });

  it("the loser of a Promise.race ends with its scope, and crashes nothing", async () => {
    let loserEnded: unknown;
    const unhandled = await unhandledDuring(async () => {
      const loser = async (): Promise<never> => {
        try {
          return await sleepForever();
        } catch (error) {
          loserEnded = error;
          throw error;
        }
      };
      expect(await new CancelScope().run(() => Promise.race([checkpoint(), loser()]))).toBeUndefined();
      await turns();
    });
    expect(unhandled).toEqual([]);
    expect(loserEnded).toMatchObject({ reason: { source: "scope-closed" } });
  });

  it("a cancelled Promise.race: the losers too crash nothing", async () => {
    const unhandled = await unhandledDuring(async () => {
      await moveOnAfter(1, () => Promise.race([sleepForever(), sleepForever(), sleep(1e6)]));
    });
    expect(unhandled).toEqual([]);
  });

  it("leaving a scope that was not cancelled does not abort its signal", async () => {
    let signal: AbortSignal | undefined;
    let inherited: AbortSignal | undefined;
    await new CancelScope({ timeout: 1e6 }).run((scope) => {
      signal = scope.signal;
      inherited = currentSignal();
    });
    await turns();
    expect(signal?.aborted).toBe(false);
    expect(inherited).toBe(signal);
  });

  it("neither does a cancellation of the scopes around it, later", async () => {
    let signal: AbortSignal | undefined;
    await new CancelScope().run(async (outer) => {
      await new CancelScope().run((inner) => {
        signal = inner.signal;
      });
      outer.cancel();
    });
    expect(signal?.aborted).toBe(false);
  });

  it("but code that outlived it finds currentSignal() aborted, as a checkpoint would raise", async () => {
    let go: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    let late: Promise<AbortSignal> | undefined;
    await new CancelScope({ name: "left" }).run(() => {
      late = gate.then(() => currentSignal());
    });
    go();
    const signal = await late!;
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toMatchObject({ reason: { source: "scope-closed", scope: "left" } });
  });

  it("detached is the remedy for what is meant to live on", async () => {
    let go: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    let late: Promise<string> = Promise.resolve("");
    await new CancelScope().run(() => {
      late = detached(async () => {
        await gate;
        await checkpoint();
        return "lives on";
      });
    });
    go();
    expect(await late).toBe("lives on");
  });
});

import { EventEmitter, once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { CancelScope, currentSignal, moveOnAfter, moveOnAt } from "@espalier/cancel-scope";
import {
  checkpoint,
  currentEffectiveDeadline,
  currentTime,
  isCancelled,
  sleep,
  sleepForever,
} from "@espalier/core";
import { rejection } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

import { virtually } from "./support/virtual.ts";

describe("several scopes at once inside one task", () => {
  it("await Promise.all([moveOnAfter(10, a), moveOnAfter(50, b)]) nests rightly", () =>
    virtually(async () => {
      const ends: string[] = [];
      const wait = (name: string) => async () => {
        try {
          await sleep(30);
          ends.push(`${name} slept until ${currentTime()}`);
          return name;
        } catch (error) {
          ends.push(`${name} cancelled at ${currentTime()}`);
          throw error;
        }
      };
      expect(await Promise.all([moveOnAfter(10, wait("a")), moveOnAfter(50, wait("b"))])).toEqual([
        undefined,
        "b",
      ]);
      expect(ends).toEqual(["a cancelled at 10", "b slept until 30"]);
      await checkpoint(); // neither scope has leaked into what follows
    }));

  it("each flow sees its own scope, across its awaits", () =>
    virtually(async () => {
      const flow = async (ms: number): Promise<void> => {
        await moveOnAt(ms, async () => {
          for (let i = 0; i < 3; i++) {
            expect(currentEffectiveDeadline()).toBe(ms);
            await sleep(1);
          }
        });
        expect(currentEffectiveDeadline()).toBe(Infinity);
      };
      await Promise.all([100, 200, 300, 400].map(flow));
    }));

  it("the scopes may end in any order", () =>
    virtually(async () => {
      const ends: number[] = [];
      await Promise.all(
        [30, 10, 20].map((ms) => moveOnAfter(ms, () => sleepForever().finally(() => ends.push(ms)))),
      );
      expect(ends).toEqual([10, 20, 30]);
    }));

  it("one that is cancelled does not touch its neighbours", async () => {
    const [a, b] = [new CancelScope(), new CancelScope()];
    const ended = Promise.all([
      a.run(() => sleepForever()),
      b.run(async () => {
        a.cancel();
        await checkpoint();
        return "went on";
      }),
    ]);
    expect(await ended).toEqual([undefined, "went on"]);
  });
});

describe("scopes opened in other places", () => {
  it("in an event handler: it does not leak into the emitter's code", async () => {
    const emitter = new EventEmitter();
    const handled: Promise<unknown>[] = [];
    emitter.on("request", () => {
      handled.push(moveOnAfter(1, () => sleepForever()));
    });
    await new CancelScope({ timeout: 1e6 }).run(async (around) => {
      const deadline = currentEffectiveDeadline();
      emitter.emit("request");
      expect(currentSignal()).toBe(around.signal);
      expect(currentEffectiveDeadline()).toBe(deadline);
      // awaited in here: a handler runs in the scope of whoever emits, and what outlives that scope is cancelled (law 7)
      expect(await Promise.all(handled)).toEqual([undefined]);
    });
  });

  it("in a timer's callback, outside everything (law 10)", async () => {
    const ended = await new Promise((resolve) => {
      setTimeout(() => resolve(moveOnAfter(1, () => sleepForever())), 0);
    });
    expect(ended).toBeUndefined();
  });

  it("in the body of an async generator: its consumer is not inside", async () => {
    async function* ticks(): AsyncGenerator<string> {
      for (let i = 0; i < 3; i++) {
        const value = await moveOnAfter(1, () => sleepForever());
        yield value === undefined ? `timed out ${i}` : "never";
      }
    }
    const seen: string[] = [];
    await new CancelScope({ timeout: 1e6 }).run(async (around) => {
      for await (const tick of ticks()) {
        seen.push(tick);
        expect(currentSignal()).toBe(around.signal);
        await checkpoint();
      }
    });
    expect(seen).toEqual(["timed out 0", "timed out 1", "timed out 2"]);
  });

  it("around a for await over a generator: the generator's body is inside", async () => {
    async function* endless(): AsyncGenerator<number> {
      for (let i = 0; ; i++) {
        await checkpoint();
        yield i;
      }
    }
    const scope = new CancelScope();
    let seen = 0;
    await scope.run(async () => {
      for await (const i of endless()) if ((seen = i) === 5) scope.cancel();
    });
    expect(seen).toBe(5);
    expect(scope.cancelledCaught).toBe(true);
  });

  it("after await fetch(...): the context has survived it", async () => {
    const server = createServer((_request, response) => response.end("hello"));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      await new CancelScope({ timeout: 1e6 }).run(async (around) => {
        const text = await (await fetch(url)).text();
        expect(text).toBe("hello");
        expect(currentSignal()).toBe(around.signal);
        expect(await moveOnAfter(1, () => sleepForever())).toBeUndefined();
        around.cancel();
        expect(isCancelled(await rejection(checkpoint()))).toBe(true);
      });
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it("inside microtasks, timers and promise callbacks begun in the body: they are inside too", async () => {
    await new CancelScope().run(async (scope) => {
      const signals = await Promise.all([
        new Promise((resolve) => setTimeout(() => resolve(currentSignal()), 0)),
        new Promise((resolve) => setImmediate(() => resolve(currentSignal()))),
        new Promise((resolve) => queueMicrotask(() => resolve(currentSignal()))),
        Promise.resolve().then(() => currentSignal()),
      ]);
      expect(signals.every((signal) => signal === scope.signal)).toBe(true);
    });
  });
});

describe("1,000 nested scopes", () => {
  /** Runs `body` inside so many scopes; gives the scopes, outermost first. */
  async function nested(
    depth: number,
    body: (scopes: CancelScope[]) => Promise<unknown>,
  ): Promise<CancelScope[]> {
    const scopes: CancelScope[] = [];
    const open = (): Promise<unknown> => {
      if (scopes.length === depth) return body(scopes);
      const scope = new CancelScope();
      scopes.push(scope);
      return scope.run(open);
    };
    await open();
    return scopes;
  }

  it("unwind to the one that was cancelled", async () => {
    let unwound = 0;
    const scopes = await nested(1000, async (all) => {
      all[500]!.cancel();
      await sleepForever().finally(() => unwound++);
    });
    expect(unwound).toBe(1);
    expect(scopes.flatMap((scope, i) => (scope.cancelledCaught ? [i] : []))).toEqual([500]);
  });

  it("all cancelled: the outermost catches", async () => {
    const scopes = await nested(1000, async (all) => {
      for (const scope of [...all].reverse()) scope.cancel();
      await checkpoint();
    });
    expect(scopes.flatMap((scope, i) => (scope.cancelledCaught ? [i] : []))).toEqual([0]);
  });

  it("do not fill the call stack, at 10,000 either: it was cold and full at some 1,200", async () => {
    const scopes = await nested(10_000, async (all) => {
      all[0]!.cancel();
      await checkpoint();
    });
    expect(scopes[0]!.cancelledCaught).toBe(true);
  });

  it("begin their bodies at once, a microtask later where they are nested very deeply", async () => {
    const begun: number[] = [];
    const open = (depth: number): Promise<unknown> =>
      new CancelScope().run(() => {
        begun.push(depth);
        return depth < 1000 ? open(depth + 1) : undefined;
      });
    const ended = open(1);
    expect(begun.length).toBeGreaterThanOrEqual(100);
    await ended;
    expect(begun).toHaveLength(1000);
  });

  it("an error passes through all of them", async () => {
    const error = new Error("innermost");
    expect(await rejection(nested(1000, () => Promise.reject(error)))).toBe(error);
  });

  it("cost a checkpoint no more than one does", async () => {
    const rounds = 5000;
    const cost = async (): Promise<number> => {
      let best = Infinity;
      for (let i = 0; i < 7; i++) {
        const start = performance.now();
        for (let j = 0; j < rounds; j++) await checkpoint();
        best = Math.min(best, performance.now() - start);
      }
      return best;
    };
    const costs: number[] = [];
    for (const depth of [1, 1000]) await nested(depth, async () => costs.push(await cost()));
    // A walk to the root would cost hundreds of times as much; the rest is room for a busy machine.
    expect(costs[1]! / costs[0]!).toBeLessThan(10);
  });
});

import { CancelScope } from "@espalier/cancel-scope";
import { Cancelled, sleep } from "@espalier/core";
import { CapacityLimiter } from "@espalier/sync";
import { eventually } from "@espalier/test-support";
import { ThreadDiedError, toThread, type ToThreadOptions } from "@espalier/to-thread";
import { describe, expect, it } from "vitest";
import { work } from "./support/work.ts";

/** The long form: ESPALIER_THREAD_CALLS=100000. */
const total = Number(process.env["ESPALIER_THREAD_CALLS"] ?? 3000);
const seed = Number(process.env["ESPALIER_SEED"] ?? 20_240_117);

/** Mulberry32: small, and the same everywhere. */
function randomFrom(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

type Ending = "value" | "error" | "cancelled" | "died";

describe("many calls of every kind, cancelled, failing, crashing, calling back", () => {
  it(`each of ${total} ends exactly once, and nothing is left (seed ${seed})`, async () => {
    const random = randomFrom(seed);
    const limiter = new CapacityLimiter(3);
    const counts: Record<Ending, number> = { value: 0, error: 0, cancelled: 0, died: 0 };
    let callbacks = 0;
    const modes: ToThreadOptions["onCancel"][] = ["wait", "abandon", { graceMs: 0 }, { graceMs: 50 }];

    const kinds: ((n: number, options: ToThreadOptions) => Promise<unknown>)[] = [
      (n, options) => toThread(work.add, [n, 0], options),
      (n, options) => toThread(work.add, [n, 0], options),
      (n, options) => toThread(work.later, [n], options) as Promise<unknown>,
      (n, options) => toThread(work.call, [(m: number) => (callbacks++, m), n], options),
      (n, options) =>
        toThread(
          work.callAsync,
          [
            async (m: number) => {
              callbacks++;
              await sleep(random() < 0.5 ? 0 : 1);
              return m;
            },
            n,
          ],
          options,
        ),
    ];

    async function one(n: number): Promise<Ending> {
      const pick = random();
      const onCancel = modes[Math.floor(random() * modes.length)] as "wait";
      const options: ToThreadOptions = { limiter, onCancel };
      try {
        if (pick < 0.002) await toThread(work.exit, [1], options);
        else if (pick < 0.05) await toThread(work.fail, ["class"], options);
        else if (pick < 0.06)
          await toThread(work.call, [() => Promise.reject(new RangeError("called back"))], options);
        else {
          const value = await (kinds[Math.floor(random() * kinds.length)] as (typeof kinds)[number])(
            n,
            options,
          );
          if (value !== n) throw new Error(`call ${n} was given ${String(value)}`);
          return "value";
        }
        throw new Error(`call ${n} should have failed`);
      } catch (error) {
        if (error instanceof Cancelled) return "cancelled";
        if (error instanceof ThreadDiedError) return "died";
        if (error instanceof RangeError) return "error";
        throw error;
      }
    }

    async function maybeCancelled(n: number): Promise<void> {
      let endings = 0;
      const scope = new CancelScope();
      const when = random();
      if (when < 0.02) scope.cancel();
      else if (when < 0.1) setImmediate(() => scope.cancel());
      else if (when < 0.2) setTimeout(() => scope.cancel(), random() * 3);
      await scope.run(async () => {
        const ending = await one(n);
        counts[ending]++;
        endings++;
        if (ending === "cancelled") expect(scope.cancelCalled).toBe(true); // by its own scope, not with another call
      });
      expect(endings).toBe(1);
    }

    let next = 0;
    const caller = async (): Promise<void> => {
      while (next < total) await maybeCancelled(next++);
    };
    await Promise.all(Array.from({ length: 32 }, caller));
    expect(counts.value + counts.error + counts.cancelled + counts.died).toBe(total);
    for (const each of Object.values(counts)) expect(each).toBeGreaterThan(0);
    expect(callbacks).toBeGreaterThan(0);
    await eventually(() => limiter.borrowedTokens === 0);
    expect(limiter.statistics()).toMatchObject({ borrowedTokens: 0, tasksWaiting: 0 });
    expect(await toThread(work.add, [1, 2], { limiter })).toBe(3);
  }, 600_000);
});

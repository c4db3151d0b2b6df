import { CancelScope } from "@espalier/cancel-scope";
import { sleep, taskTree } from "@espalier/core";
import { CapacityLimiter } from "@espalier/sync";
import { eventually } from "@espalier/test-support";
import { toThread } from "@espalier/to-thread";
import { describe, expect, it } from "vitest";
import { work } from "./support/work.ts";

async function heapUsed(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    (globalThis as unknown as { gc: () => void }).gc();
  }
  return process.memoryUsage().heapUsed;
}

const limiter = new CapacityLimiter(2);

/** Calls, failures, callbacks and cancellations. */
async function round(calls: number): Promise<void> {
  const scope = new CancelScope();
  const all = scope.run(() =>
    Promise.allSettled(
      Array.from({ length: calls }, (_, i) => {
        if (i % 4 === 0) return toThread(work.fail, ["class"], { limiter });
        if (i % 4 === 1) return toThread(work.call, [() => sleep(0)], { limiter, onCancel: "abandon" });
        return toThread(work.add, [i, i], { limiter, onCancel: { graceMs: 60_000 } });
      }),
    ),
  );
  await toThread(work.add, [1, 2], { limiter });
  scope.cancel();
  await all;
  await eventually(() => limiter.borrowedTokens === 0);
}

describe("calls that have ended", () => {
  it("leave no memory, token or wait behind", async () => {
    await round(500);
    await round(500);
    const growths: number[] = [];
    for (let i = 0; i < 4; i++) {
      const before = await heapUsed();
      for (let j = 0; j < 5; j++) await round(500);
      growths.push((await heapUsed()) - before);
    }
    // Other things come and go on the heap. A leak of one small object for each of 2500 calls would be in all four.
    expect(Math.min(...growths)).toBeLessThan(100_000);
    expect(limiter.statistics()).toMatchObject({ borrowedTokens: 0, tasksWaiting: 0 });
    expect(JSON.stringify(taskTree())).not.toContain("toThread");
  });

  it("let go of their arguments, callbacks and results", async () => {
    const limiterOfOne = new CapacityLimiter(1);
    const refs: WeakRef<object>[] = [];
    await (async () => {
      const argument = { big: new Uint8Array(1000) };
      const callback = () => argument.big.length;
      const result = (await toThread(work.echo, [argument], { limiter: limiterOfOne })) as object;
      await toThread(work.call, [callback], { limiter: limiterOfOne });
      refs.push(new WeakRef(argument), new WeakRef(callback), new WeakRef(result));
    })();
    await heapUsed();
    expect(refs.map((ref) => ref.deref())).toEqual([undefined, undefined, undefined]);
  });
});

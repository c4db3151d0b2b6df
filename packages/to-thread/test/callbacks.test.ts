import { CancelScope } from "@espalier/cancel-scope";
import { Cancelled, currentTask, isCancelled, run, sleep } from "@espalier/core";
import { CapacityLimiter } from "@espalier/sync";
import { eventually } from "@espalier/test-support";
import { NotCloneableError, toThread, threadLimiter } from "@espalier/to-thread";
import { AsyncLocalStorage } from "node:async_hooks";
import { afterEach, describe, expect, it } from "vitest";
import { work } from "./support/work.ts";
import type { Tried } from "./fixtures/work.mjs";

afterEach(async () => {
  await eventually(() => threadLimiter.borrowedTokens === 0);
});

describe("a callback", () => {
  it("returns its value into the thread, sync or async", async () => {
    expect(await work.callTwice((n) => n * 10)).toEqual([10, 20]);
    expect(
      await work.callTwice(async (n) => {
        await sleep(1);
        return n * 10;
      }),
    ).toEqual([10, 20]);
    expect(await work.callAsync((a: number, b: number) => a + b, 1, 2)).toBe(3);
  });

  it("runs in the caller's task, scope and context", async () => {
    const storage = new AsyncLocalStorage<string>();
    await run(
      async () => {
        const seen = await storage.run("here", () =>
          work.call(async () => {
            await sleep(0);
            return [currentTask()?.name, storage.getStore()];
          }),
        );
        expect(seen).toEqual(["the main one", "here"]);
      },
      { name: "the main one" },
    );
  });

  it("throws into the thread, and comes out of it as the very same error", async () => {
    const error = Object.assign(new RangeError("no"), { fn: () => 1, code: "E_NO" });
    const fail = () => {
      throw error;
    };
    expect(await work.tryCall(fail)).toEqual({
      raised: "RangeError",
      message: "no",
      code: "E_NO",
      isCancelled: false,
    });
    await expect(work.call(fail)).rejects.toBe(error);
    await expect(work.callAsync(async () => Promise.reject(error))).rejects.toBe(error);
  });

  it("may call into a thread itself", async () => {
    const limiter = new CapacityLimiter(3);
    const inner = (n: number) =>
      toThread(work.call, [async (m: number) => toThread(work.add, [m, 1], { limiter }), n], { limiter });
    expect(await toThread(work.call, [inner, 5], { limiter })).toBe(6);
  });

  it("raises Cancelled in the thread that waits for it when its scope is cancelled", async () => {
    const scope = new CancelScope();
    let tried: Tried | undefined;
    let inside: unknown;
    const log: string[] = [];
    await scope.run(async () => {
      tried = await work.callBetween(
        () => void log.push("before"),
        async () => {
          scope.cancel();
          try {
            await sleep(600_000);
          } catch (error) {
            inside = error;
            throw error;
          }
        },
        (result) => void log.push(`after: ${result.raised}`),
      );
    });
    expect(inside).toBeInstanceOf(Cancelled);
    expect(tried).toMatchObject({ raised: "Cancelled", isCancelled: true });
    expect(log).toEqual(["before", "after: Cancelled"]); // a synchronous one returns normally
  });

  it("lets the same Cancelled out that it raised", async () => {
    const scope = new CancelScope();
    let inside: unknown;
    let outside: unknown;
    await scope.run(async () => {
      try {
        await work.call(async () => {
          scope.cancel();
          await sleep(1).catch((error: unknown) => {
            inside = error;
            throw error;
          });
        });
      } catch (error) {
        outside = error;
        throw error;
      }
    });
    expect(isCancelled(outside)).toBe(true);
    expect(outside).toBe(inside);
    expect(scope.cancelledCaught).toBe(true);
  });

  // It lives in the caller's task, whatever becomes of the thread.
  it.each([
    { onCancel: { graceMs: 0 }, thread: "terminated" },
    { onCancel: "abandon", thread: "abandoned" },
  ] as const)("is waited for when its thread is $thread", async ({ onCancel }) => {
    const scope = new CancelScope();
    let ended = false;
    await scope.run(() =>
      toThread(
        work.call,
        [
          async () => {
            scope.cancel();
            await new Promise((resolve) => setTimeout(resolve, 60));
            ended = true;
          },
        ],
        { onCancel },
      ),
    );
    expect(ended).toBe(true);
    expect(scope.cancelledCaught).toBe(true);
  });

  it("cannot be called after the end of the call", async () => {
    const limiter = new CapacityLimiter(1); // the same thread both times
    await toThread(work.keep, [() => undefined], { limiter });
    await expect(toThread(work.callKept, [], { limiter })).rejects.toThrow(
      /after the call of "keep" had ended/,
    );
  });

  it("says what cannot be cloned: its arguments, its result", async () => {
    await expect(work.callWithFunction(() => 1)).rejects.toBeInstanceOf(NotCloneableError);
    await expect(work.call(() => () => 1)).rejects.toBeInstanceOf(NotCloneableError);
    await expect(work.call(() => 1)).resolves.toBe(1);
  });
});

import { CapacityLimiter } from "@espalier/sync";
import { NotCloneableError, ThreadDiedError, toThread } from "@espalier/to-thread";
import { transfer } from "@espalier/to-thread/worker";
import { describe, expect, it } from "vitest";
import { begun, makeGate, open } from "./support/gate.ts";
import { work } from "./support/work.ts";

describe("what is moved", () => {
  it("goes there by the option, and comes back by transfer(), without a copy", async () => {
    const bytes = new Uint8Array(1 << 20);
    const filled = await toThread(work.fill, [bytes, 7], { transfer: [bytes.buffer] });
    expect(bytes.byteLength).toBe(0);
    expect(filled.byteLength).toBe(1 << 20);
    expect([filled[0], filled.at(-1)]).toEqual([7, 7]);
  });

  it("is copied otherwise", async () => {
    const bytes = new Uint8Array(8);
    expect((await work.fill(bytes, 7))[0]).toBe(7);
    expect(bytes).toEqual(new Uint8Array(8));
  });

  it("may be what a callback returns", async () => {
    const bytes = new Uint8Array(8);
    expect(await work.call(() => transfer(bytes, [bytes.buffer]))).toEqual(new Uint8Array(8));
    expect(bytes.byteLength).toBe(0);
  });

  it("may be moved once for several arguments of a callback", async () => {
    const sum = (first: Uint8Array, second: Uint8Array) => first.length + second.length;
    expect(await work.callWithMoved(sum)).toBe(16);
  });

  it("is gone with a thread that ends before it has begun the call", async () => {
    const limiter = new CapacityLimiter(1);
    const gate = makeGate();
    await toThread(work.exitAfterwards, [gate], { limiter });
    await begun(gate);
    const bytes = new Uint8Array(8);
    const lost = toThread(work.fill, [bytes, 7], { limiter, transfer: [bytes.buffer] });
    open(gate);
    const error: unknown = await lost.catch((raised: unknown) => raised);
    expect(error).toBeInstanceOf(ThreadDiedError);
    expect((error as Error).message).toContain(
      'just when it was to run "fill", and the arguments had been moved to it',
    );
    expect(await toThread(work.add, [1, 2], { limiter })).toBe(3);
  });

  it("cannot be moved twice", async () => {
    const bytes = new Uint8Array(8);
    await toThread(work.fill, [bytes, 1], { transfer: [bytes.buffer] });
    await expect(toThread(work.fill, [bytes, 1], { transfer: [bytes.buffer] })).rejects.toBeInstanceOf(
      NotCloneableError,
    );
    expect(() => transfer(1 as never, [])).toThrow(TypeError);
    expect(() => transfer(bytes, bytes.buffer as never)).toThrow(TypeError);
    const twice = new Uint8Array(8);
    const transferTwice = { transfer: [twice.buffer, twice.buffer] };
    await expect(toThread(work.fill, [twice, 1], transferTwice)).rejects.toBeInstanceOf(NotCloneableError);
    expect(twice.byteLength).toBe(8);
  });
});

describe("a view of a buffer that has been moved away", () => {
  function gone(): Uint8Array {
    const bytes = new Uint8Array(8);
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    return bytes;
  }

  // Node serializes it, and fails where it is read: as an event, or, in the midst of many messages, by throwing.
  it("is told as an argument, also between other calls, and takes nothing with it", async () => {
    const limiter = new CapacityLimiter(1);
    for (let i = 0; i < 20; i++) {
      const [before, bad, after] = await Promise.allSettled([
        toThread(work.add, [i, 1], { limiter }),
        toThread(work.fill, [gone(), 1], { limiter }),
        toThread(work.add, [i, 2], { limiter }),
      ]);
      expect([before, after]).toEqual([
        { status: "fulfilled", value: i + 1 },
        { status: "fulfilled", value: i + 2 },
      ]);
      expect((bad as PromiseRejectedResult).reason).toBeInstanceOf(NotCloneableError);
    }
    expect(limiter.availableTokens).toBe(1);
  });

  it("is told as a result, also between other results", async () => {
    const limiter = new CapacityLimiter(1);
    for (let i = 0; i < 20; i++) {
      const [before, bad, after] = await Promise.allSettled([
        toThread(work.add, [i, 1], { limiter }),
        toThread(work.giveGone, [], { limiter }),
        toThread(work.add, [i, 2], { limiter }),
      ]);
      expect([before, after]).toEqual([
        { status: "fulfilled", value: i + 1 },
        { status: "fulfilled", value: i + 2 },
      ]);
      expect((bad as PromiseRejectedResult).reason).toBeInstanceOf(NotCloneableError);
    }
  });

  it("is told in the thread as what a callback gives", async () => {
    const limiter = new CapacityLimiter(1);
    const calls = [
      toThread(work.askFor, [gone], { limiter }),
      toThread(work.add, [1, 2], { limiter }),
      toThread(work.askFor, [() => 5], { limiter }),
    ];
    expect(await Promise.all(calls)).toEqual(["NotCloneableError", 3, "got 5"]);
  });
});

describe("a SharedArrayBuffer", () => {
  it("is the same memory on both sides", async () => {
    const shared = new Int32Array(new SharedArrayBuffer(4));
    await Promise.all(Array.from({ length: 100 }, () => work.increment(shared)));
    expect(shared[0]).toBe(100);
  });
});

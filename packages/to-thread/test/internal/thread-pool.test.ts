import { currentStatus, parkAbroad } from "@espalier/core/lowlevel";
import { CapacityLimiter } from "@espalier/sync";
import { eventually } from "@espalier/test-support";
import { describe, expect, it } from "vitest";
import { Call } from "../../src/call.ts";
import { targetFor } from "../../src/target.ts";
import type { PoolThread } from "../../src/pool-thread.ts";
import { ThreadPool } from "../../src/thread-pool.ts";
import { begun, makeGate, open } from "../support/gate.ts";

const file = new URL("../fixtures/work.mjs", import.meta.url).href;

interface Made {
  readonly call: Call;
  readonly ended: Promise<unknown>;
}

function make(
  pool: ThreadPool,
  limiter: CapacityLimiter,
  name: string,
  args: unknown[],
  transfer: ArrayBuffer[] = [],
): Made {
  const lane = pool.laneOf(limiter);
  const call = new Call({
    target: targetFor(file, name),
    args,
    callbacks: undefined,
    inContext: undefined,
    stores: undefined,
    transfer,
    onCancel: "wait",
    status: currentStatus(),
    lane,
  });
  const operation = parkAbroad<unknown>("test");
  call.waitIn(operation);
  lane.submit(call);
  return { call, ended: operation.promise };
}

function callIn(pool: ThreadPool, limiter: CapacityLimiter, name: string, args: unknown[]): Promise<unknown> {
  return make(pool, limiter, name, args).ended;
}

describe("ThreadPool", () => {
  it("starts a thread when a call needs one, and ends it when it has been idle for long", async () => {
    const pool = new ThreadPool(1);
    const limiter = new CapacityLimiter(2);
    expect(pool.size).toBe(0);
    const gates = [makeGate(), makeGate()];
    const calls = gates.map((gate) => callIn(pool, limiter, "hold", [gate]));
    await Promise.all(gates.map(begun));
    expect(pool.size).toBe(2);
    gates.forEach(open);
    await Promise.all(calls);
    await eventually(() => pool.size === 0);
    expect(await callIn(pool, limiter, "add", [1, 2])).toBe(3);
    await eventually(() => pool.size === 0);
    expect(limiter.borrowedTokens).toBe(0);
  });

  it("uses the thread again that was used last", async () => {
    const pool = new ThreadPool(600_000);
    const limiter = new CapacityLimiter(5);
    for (let i = 0; i < 20; i++) await callIn(pool, limiter, "add", [1, 2]);
    expect(pool.size).toBe(1);
  });

  it("leaves with the threads that there are what was sent ahead to them, if there can be no more", async () => {
    class PoorPool extends ThreadPool {
      override take(): PoolThread {
        if (this.size > 0) throw new Error("no more threads");
        return super.take();
      }
    }
    const pool = new PoorPool(1);
    const limiter = new CapacityLimiter(1);
    const gate = makeGate();
    const held = callIn(pool, limiter, "hold", [gate]);
    await begun(gate);
    const ahead = callIn(pool, limiter, "add", [1, 2]);
    limiter.totalTokens = 3;
    await new Promise((resolve) => setTimeout(resolve, 5));
    open(gate);
    expect([await held, await ahead]).toEqual(["held", 3]);
    await eventually(() => pool.size === 0);
    expect(limiter.borrowedTokens).toBe(0);
  });

  it("tells a call whose threads end, one after the other, just when they were to begin it", async () => {
    const pool = new ThreadPool(600_000);
    const both = new CapacityLimiter(2);
    const idle: Int32Array[] = []; // of the threads that wait for work; the last is the next to be used
    await Promise.all(
      [makeGate(), makeGate()].map(async (gate) => {
        await callIn(pool, both, "exitAfterwards", [gate]);
        idle.push(gate);
      }),
    );
    await Promise.all(idle.map(begun));
    const limiter = new CapacityLimiter(1);
    const lost = callIn(pool, limiter, "add", [1, 2]);
    open(idle[1]!);
    await eventually(() => pool.size === 1);
    open(idle[0]!);
    await expect(lost).rejects.toThrow(
      /just when it was to run "add", for the second time, with exit code 5/,
    );
    expect(await callIn(pool, limiter, "add", [1, 2])).toBe(3);
    expect(limiter.borrowedTokens).toBe(0);
  });

  it("does not take back, for others who wait for a token, what was moved to a thread", async () => {
    const pool = new ThreadPool(1);
    const limiter = new CapacityLimiter(1);
    const bytes = new Uint8Array(8);
    const moved = make(pool, limiter, "fill", [bytes, 7], [bytes.buffer]); // its thread is still starting
    const { call } = make(pool, limiter, "add", [1, 2]); // sent ahead
    const token = limiter.acquire();
    call.cancel();
    expect(await moved.ended).toEqual(new Uint8Array(8).fill(7));
    (await token).release();
    await eventually(() => pool.size === 0);
  });

  it("tells a thread that could not start from one that ended early", async () => {
    const pool = new ThreadPool(1);
    const limiter = new CapacityLimiter(1);
    const gate = makeGate();
    const dying = make(pool, limiter, "exitAtOnce", [gate]);
    const behind = make(pool, limiter, "add", [1, 2]);
    while (Atomics.load(gate, 0) === 0);
    // Its first message and its end are there at the same time.
    const over = performance.now() + 200;
    while (performance.now() < over);
    await expect(dying.ended).rejects.toThrow(/while it ran "exitAtOnce", with exit code 3/);
    expect(await behind.ended).toBe(3);
    await eventually(() => pool.size === 0);
  });
});

describe("targetFor", () => {
  it("gives one target for each function, however often its module is named", () => {
    expect(targetFor(file, "add")).toBe(targetFor(file, "add"));
    expect(targetFor(file, "add").number).not.toBe(targetFor(file, "echo").number);
    expect(targetFor(`${file}?2`, "add")).not.toBe(targetFor(file, "add"));
  });
});

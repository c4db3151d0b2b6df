import { currentStatus, parkAbroad } from "@espalier/core/lowlevel";
import { CapacityLimiter } from "@espalier/sync";
import { describe, expect, it } from "vitest";
import { Call } from "../../src/call.ts";
import { makeTarget } from "../../src/target.ts";
import { ThreadPool } from "../../src/thread-pool.ts";
import { begun, makeGate, open, until } from "../support/gate.ts";

const file = new URL("../fixtures/work.mjs", import.meta.url).href;

function callIn(pool: ThreadPool, limiter: CapacityLimiter, name: string, args: unknown[]): Promise<unknown> {
  const lane = pool.laneOf(limiter);
  const call = new Call({
    target: makeTarget(file, name),
    args,
    callbacks: undefined,
    inContext: undefined,
    stores: undefined,
    transfer: [],
    onCancel: "wait",
    status: currentStatus(),
    lane,
  });
  const operation = parkAbroad<unknown>("test");
  call.waitIn(operation);
  lane.submit(call);
  return operation.promise;
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
    await until(() => pool.size === 0);
    expect(await callIn(pool, limiter, "add", [1, 2])).toBe(3);
    await until(() => pool.size === 0);
    expect(limiter.borrowedTokens).toBe(0);
  });

  it("uses the thread again that was used last", async () => {
    const pool = new ThreadPool(600_000);
    const limiter = new CapacityLimiter(5);
    for (let i = 0; i < 20; i++) await callIn(pool, limiter, "add", [1, 2]);
    expect(pool.size).toBe(1);
  });
});

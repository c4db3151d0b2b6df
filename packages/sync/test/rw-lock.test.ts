import { WouldBlock } from "@espalier/core";
import { type Guard, RwLock } from "@espalier/sync";
import { thrownBy } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

import { flow } from "./support/flow.ts";
import { settled } from "./support/settled.ts";

describe("RwLock.read", () => {
  it("is shared", async () => {
    const lock = new RwLock();
    const guards = [await lock.read(), await lock.read(), lock.readNowait()];
    expect(lock.statistics()).toEqual({
      activeReaders: 3,
      activeWriters: 0,
      tasksWaitingRead: 0,
      tasksWaitingWrite: 0,
    });
    guards.forEach((guard) => guard.release());
    expect(lock.statistics().activeReaders).toBe(0);
  });

  it("waits behind a writer who waits, and so does its nowait twin", async () => {
    const lock = new RwLock();
    const reader = await lock.read();
    const writer = flow(() => lock.write());
    const late = flow(() => lock.read());
    const error = thrownBy(() => lock.readNowait());
    expect(error).toBeInstanceOf(WouldBlock);
    expect((error as Error).message).toContain("nobody writes or waits to");
    await settled();
    expect([writer.state, late.state]).toEqual(["running", "running"]);
    expect(lock.statistics()).toEqual({
      activeReaders: 1,
      activeWriters: 0,
      tasksWaitingRead: 1,
      tasksWaitingWrite: 1,
    });
    reader.release();
    await settled();
    expect([writer.state, late.state]).toEqual(["done", "running"]);
    writer.value?.release();
    await late.ended;
    expect(late.state).toBe("done");
  });

  it("lets those who wait next to each other in together, up to the next writer", async () => {
    const lock = new RwLock();
    const first = await lock.write();
    const line = ["r", "r", "w", "r"].map((each) => flow(() => (each === "r" ? lock.read() : lock.write())));
    first.release();
    lock.assertInvariants();
    expect(lock.statistics()).toEqual({
      activeReaders: 2,
      activeWriters: 0,
      tasksWaitingRead: 1,
      tasksWaitingWrite: 1,
    });
    await settled();
    expect(line.map((each) => each.state)).toEqual(["done", "done", "running", "running"]);
    line[0]?.value?.release();
    await settled();
    expect(line[2]?.state).toBe("running");
    line[1]?.value?.release();
    await line[2]?.ended;
    line[2]?.value?.release();
    await line[3]?.ended;
  });
});

describe("RwLock.write", () => {
  it("is exclusive", async () => {
    const lock = new RwLock();
    const guard = await lock.write();
    expect(() => lock.readNowait()).toThrow(WouldBlock);
    expect(() => lock.writeNowait()).toThrow("nobody reads or writes");
    guard.release();
    const reader = lock.readNowait();
    expect(() => lock.writeNowait()).toThrow(WouldBlock);
    reader.release();
    lock.writeNowait().release();
  });

  it("waits until all readers have left", async () => {
    const lock = new RwLock();
    const readers = [await lock.read(), await lock.read()];
    const writer = flow(() => lock.write());
    readers[0]?.release();
    readers[0]?.release(); // a guard counts once
    await settled();
    expect(writer.state).toBe("running");
    readers[1]?.release();
    await writer.ended;
    expect(writer.state).toBe("done");
  });

  it("cancelled at the head of the line, lets the readers behind it in at once", async () => {
    const lock = new RwLock();
    const reader = await lock.read();
    const writer = flow(() => lock.write());
    const held = [flow(() => lock.read()), flow(() => lock.read())];
    const second = flow(() => lock.write());
    writer.cancel();
    expect(lock.statistics()).toEqual({
      activeReaders: 3,
      activeWriters: 0,
      tasksWaitingRead: 0,
      tasksWaitingWrite: 1,
    });
    lock.assertInvariants();
    await settled();
    expect([writer.state, ...held.map((each) => each.state), second.state]).toEqual([
      "cancelled",
      "done",
      "done",
      "running",
    ]);
    for (const each of [reader, ...held.map((flow) => flow.value as Guard)]) each.release();
    await second.ended;
  });

  it("cancelled further back, changes nothing for those before it", async () => {
    const lock = new RwLock();
    const guard = await lock.write();
    const line = [flow(() => lock.write()), flow(() => lock.write()), flow(() => lock.read())];
    line[1]?.cancel();
    expect(lock.statistics()).toMatchObject({ tasksWaitingRead: 1, tasksWaitingWrite: 1 });
    guard.release();
    await settled();
    expect(line.map((each) => each.state)).toEqual(["done", "cancelled", "running"]);
    line[0]?.value?.release();
    await line[2]?.ended;
  });

  it("cancelled together with the readers behind it, leaves nothing held", async () => {
    const lock = new RwLock();
    const reader = await lock.read();
    const scope = flow(async () => {
      const enter = async (entered: Promise<Guard>): Promise<void> => {
        using _guard = await entered;
      };
      await Promise.allSettled([enter(lock.write()), enter(lock.read()), enter(lock.read())]);
    });
    scope.cancel();
    lock.assertInvariants();
    await scope.ended;
    expect(lock.statistics()).toEqual({
      activeReaders: 1,
      activeWriters: 0,
      tasksWaitingRead: 0,
      tasksWaitingWrite: 0,
    });
    reader.release();
  });
});

import { EventEmitter } from "node:events";

import { run } from "@espalier/core";
import {
  fromEvents,
  openBroadcastChannel,
  openMemoryChannel,
  openRetryingChannel,
  openWatchChannel,
  receiveCase,
  select,
  withProducer,
} from "@espalier/channel";
import { describe, expect, it } from "vitest";

import { begin, inCancelledScope, turns } from "./support/flow.ts";

const collect = globalThis.gc;

/** More than nothing, for what the engine keeps; less than the smallest object for each step. */
const nothing = 20;

/** The heap in use, after everything that can be collected has been. */
async function heapUsed(): Promise<number> {
  await turns(2);
  collect!();
  await turns(2);
  collect!();
  return process.memoryUsage().heapUsed;
}

/**
 * How much heap stays in use by each of many repetitions: the least of several measurements, because the engine's own
 * (compiled code, for one) comes now and then and a leak comes each time.
 */
async function growth(step: () => Promise<unknown>): Promise<number> {
  const repetitions = 2000;
  let least = Infinity;
  for (let round = 0; round < 6 && least > nothing; round++) {
    const before = await heapUsed();
    for (let i = 0; i < repetitions; i++) await step();
    least = Math.min(least, ((await heapUsed()) - before) / repetitions);
  }
  return least;
}

/** Whether what `make` gives can be collected when nobody else holds it. */
async function isCollected(make: () => Promise<object> | object): Promise<boolean> {
  const watched = await (async () => new WeakRef(await make()))();
  for (let i = 0; i < 20; i++) {
    await heapUsed();
    if (watched.deref() === undefined) return true;
  }
  return false;
}

describe.skipIf(collect === undefined)("nothing is left behind", () => {
  it("by receivers and senders that are cancelled", async () => {
    const [send, receive] = openMemoryChannel<object>();
    const left = await growth(async () => {
      const flows = [begin(() => receive.receive()), begin(() => receive[Symbol.asyncIterator]().next())];
      for (const flow of flows) flow.cancel();
      const sender = begin(() => send.send({}));
      sender.cancel();
      await Promise.all([...flows, sender].map((flow) => flow.ended));
    });
    expect(left).toBeLessThan(nothing);
  });

  it("by selects that lose", async () => {
    const [send, busy] = openMemoryChannel<object>(1);
    const [, quiet] = openMemoryChannel<object>();
    const cases = [receiveCase(quiet), receiveCase(busy)] as const;
    const left = await growth(async () => {
      const flow = begin(() => select(cases));
      send.sendNowait({});
      await flow.ended;
    });
    expect(left).toBeLessThan(nothing);
    expect(quiet.statistics().tasksWaitingReceive).toBe(0);
  });

  it("by clones, subscriptions and watchers that are closed", async () => {
    const [send, receive] = openMemoryChannel<number>();
    const { send: broadcast, subscribe } = openBroadcastChannel<number>({
      capacity: 4,
      overflow: "dropOldest",
    });
    const [set, watch] = openWatchChannel(0);
    const left = await growth(async () => {
      for (const end of [
        send.clone(),
        receive.clone(),
        subscribe(),
        broadcast.clone(),
        set.clone(),
        watch.clone(),
      ])
        end.close();
    });
    expect(left).toBeLessThan(nothing);
  });

  it("by items that are retried, with a rest, and by senders that are cancelled meanwhile", async () => {
    const [send, receive] = openRetryingChannel<object>({ backoff: 60_000 });
    const left = await growth(async () => {
      const sender = begin(() => send.send({}));
      receive.receiveNowait().nack();
      sender.cancel();
      await sender.ended;
    });
    expect(left).toBeLessThan(nothing);
  });

  it("by an item that fails again and again, where the attempts have no limit", async () => {
    const [send, receive] = openRetryingChannel<object>();
    const sender = begin(() => send.send({}));
    const left = await growth(async () => receive.receiveNowait().nack());
    expect(left).toBeLessThan(nothing);
    sender.cancel();
    await sender.ended;
  });

  it("by channels of events that are closed", async () => {
    const emitter = new EventEmitter();
    const left = await growth(async () => {
      using events = fromEvents(emitter, "tick", { capacity: 4, overflow: "dropOldest" });
      emitter.emit("tick", {});
      await events.receive();
    });
    expect(left).toBeLessThan(nothing);
  });

  it("by producers", async () => {
    const left = await run(() =>
      growth(() =>
        withProducer(
          async function* () {
            for (;;) yield {};
          },
          (items) => items.receive(),
        ),
      ),
    );
    expect(left).toBeLessThan(nothing);
  });

  it("an item that was received, or dropped, is not held by the buffer", async () => {
    const [send, receive] = openMemoryChannel<object>(4);
    expect(
      await isCollected(() => {
        send.sendNowait({ item: 1 });
        return receive.receiveNowait();
      }),
    ).toBe(true);
    const dropping = openBroadcastChannel<object>({ capacity: 1, overflow: "dropOldest" });
    const subscriber = dropping.subscribe();
    expect(
      await isCollected(() => {
        const item = { item: 2 };
        dropping.send.sendNowait(item);
        dropping.send.sendNowait({});
        return item;
      }),
    ).toBe(true);
    expect(subscriber.statistics().itemsDropped).toBe(1);
    expect(send.statistics().currentBufferUsed).toBe(0);
  });

  it("a channel of which nobody holds an end, with somebody in line outside of every scope that lives", async () => {
    expect(
      await isCollected(async () => {
        const [send, receive] = openMemoryChannel<object>();
        await inCancelledScope(() => receive.receive().catch(() => undefined));
        return send;
      }),
    ).toBe(true);
  });

  it("the memory of a burst into an unlimited buffer", async () => {
    const [send, receive] = openMemoryChannel<number>(Infinity);
    const before = await heapUsed();
    for (let i = 0; i < 1_000_000; i++) send.sendNowait(i);
    for (let i = 0; i < 1_000_000; i++) receive.receiveNowait();
    expect((await heapUsed()) - before).toBeLessThan(2_000_000);
    expect(send.statistics().peakBufferUsed).toBe(1_000_000);
  });
});

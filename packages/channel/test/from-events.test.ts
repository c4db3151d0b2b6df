import { AsyncLocalStorage } from "node:async_hooks";
import { EventEmitter } from "node:events";
import { MessageChannel } from "node:worker_threads";

import { BrokenResourceError, Cancelled, checkpoint, ClosedResourceError, WouldBlock } from "@espalier/core";
import { EventChannel, type EventChannelOptions, fromEvents } from "@espalier/channel";
import { rejection, thrownBy } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

import { begin, inCancelledScope, scope, turns } from "./support/flow.ts";

const plenty: EventChannelOptions = { capacity: 10, overflow: "error" };

describe("fromEvents with an emitter", () => {
  it("receives the argument of each event, in order", async () => {
    const emitter = new EventEmitter();
    using events = fromEvents<number>(emitter, "tick", plenty);
    expect(events).toBeInstanceOf(EventChannel);
    emitter.emit("tick", 1);
    emitter.emit("tock", 2);
    emitter.emit("tick", 3);
    expect(await events.receive()).toBe(1);
    expect(events.receiveNowait()).toBe(3);
    expect(thrownBy(() => events.receiveNowait())).toBeInstanceOf(WouldBlock);
  });

  it("receives the list of arguments of an event with several, undefined of one with none", async () => {
    const emitter = new EventEmitter();
    const name = Symbol("name");
    using events = fromEvents(emitter, name, plenty);
    emitter.emit(name, "a", 2);
    emitter.emit(name);
    expect(await events.receive()).toEqual(["a", 2]);
    expect(await events.receive()).toBe(undefined);
  });

  it("wakes a receiver that waits, in the receiver's own context", async () => {
    const emitter = new EventEmitter();
    const store = new AsyncLocalStorage<string>();
    using events = fromEvents<string>(emitter, "tick", plenty);
    const log: unknown[] = [];
    const receiver = begin(() =>
      store.run("the receiver's", async () => {
        log.push(await events.receive(), store.getStore());
        await checkpoint();
        log.push("no checkpoint raised");
      }),
    );
    await inCancelledScope(() => store.run("the dispatcher's", () => emitter.emit("tick", "event")));
    await receiver.ended;
    expect(log).toEqual(["event", "the receiver's", "no checkpoint raised"]);
  });

  it("listens until it is closed, and leaves no listener behind", () => {
    const emitter = new EventEmitter();
    const events = fromEvents(emitter, "tick", plenty);
    const clone = events.clone();
    expect(emitter.eventNames()).toEqual(["tick", "error"]);
    events.close();
    expect(emitter.eventNames()).toEqual(["tick", "error"]);
    clone.close();
    clone.close();
    expect(emitter.eventNames()).toEqual([]);
    {
      using _ = fromEvents(emitter, "tick", plenty);
      expect(emitter.listenerCount("tick")).toBe(1);
    }
    expect(emitter.eventNames()).toEqual([]);
  });

  it("law 9: closes in a cancelled scope, and when the scope around it is left by a cancellation", async () => {
    const emitter = new EventEmitter();
    await scope(async (status) => {
      using events = fromEvents(emitter, "tick", plenty);
      status.cancel({ source: "explicit" });
      await events.receive();
    });
    expect(emitter.eventNames()).toEqual([]);
  });

  it("leaving a loop early keeps listening", async () => {
    const emitter = new EventEmitter();
    using events = fromEvents<number>(emitter, "tick", plenty);
    for (let i = 0; i < 3; i++) emitter.emit("tick", i);
    for await (const event of events) if (event === 1) break;
    expect(events.receiveNowait()).toBe(2);
    expect(emitter.listenerCount("tick")).toBe(1);
  });

  it("law 4 and 5: cancelled before or while it waits, it has taken no event", async () => {
    const emitter = new EventEmitter();
    using events = fromEvents<number>(emitter, "tick", plenty);
    const receiver = begin(() => events.receive());
    receiver.cancel();
    emitter.emit("tick", 1);
    await receiver.ended;
    expect(receiver.result).toBe("cancelled");
    expect(await rejection(inCancelledScope(() => events.receive()))).toBeInstanceOf(Cancelled);
    expect(events.receiveNowait()).toBe(1);
  });

  it("raises ClosedResourceError when its end is closed, before and while it waits", async () => {
    const emitter = new EventEmitter();
    const events = fromEvents(emitter, "tick", plenty);
    const receiver = begin(() => events.receive());
    events.close();
    await receiver.ended;
    expect(receiver.result).toBe("ClosedResourceError");
    expect(await rejection(events.receive())).toBeInstanceOf(ClosedResourceError);
    expect(thrownBy(() => events.clone())).toBeInstanceOf(ClosedResourceError);
  });

  it("an error event breaks the channel: first what came before, then the error as the cause", async () => {
    const emitter = new EventEmitter();
    const events = fromEvents<number>(emitter, "tick", plenty);
    const failure = new Error("the line is dead");
    emitter.emit("tick", 1);
    emitter.emit("error", failure);
    expect(emitter.eventNames()).toEqual([]);
    emitter.emit("tick", 2);
    expect(await events.receive()).toBe(1);
    for (let i = 0; i < 2; i++) {
      const error = (await rejection(events.receive())) as BrokenResourceError;
      expect(error).toBeInstanceOf(BrokenResourceError);
      expect(error.cause).toBe(failure);
      expect(error.message).toContain('The emitter of "tick" sent an error');
    }
    expect(thrownBy(() => events.receiveNowait())).toBeInstanceOf(BrokenResourceError);
    await expect(async () => {
      for await (const _ of events);
    }).rejects.toThrow(BrokenResourceError);
    events.close();
    expect(await rejection(events.receive())).toBeInstanceOf(ClosedResourceError);
  });

  it("an error event reaches receivers that wait, in a loop as well", async () => {
    const emitter = new EventEmitter();
    using events = fromEvents<number>(emitter, "tick", plenty);
    const receiver = begin(() => events.receive());
    const loop = begin(async () => {
      for await (const _ of events);
    });
    emitter.emit("error", new Error("the line is dead"));
    await Promise.all([receiver.ended, loop.ended]);
    expect([receiver.result, loop.result]).toEqual(["BrokenResourceError", "BrokenResourceError"]);
  });

  it("asked for, error events are events like others", async () => {
    const emitter = new EventEmitter();
    using errors = fromEvents<Error>(emitter, "error", plenty);
    emitter.emit("error", new Error("one"));
    emitter.emit("error", new Error("two"));
    expect((await errors.receive()).message).toBe("one");
    expect((await errors.receive()).message).toBe("two");
  });
});

describe("fromEvents with an event target", () => {
  it("receives the events, and removes its listener", async () => {
    const controller = new AbortController();
    using events = fromEvents(controller.signal, "abort", plenty);
    controller.abort();
    expect((await events.receive()).type).toBe("abort");
    const target = new EventTarget();
    const ticks = fromEvents(target, "tick", plenty);
    target.dispatchEvent(new Event("tick"));
    ticks.close();
    target.dispatchEvent(new Event("tick"));
    expect(ticks.statistics()).toMatchObject({ openReceiveChannels: 0, currentBufferUsed: 0 });
  });

  it("an error event has no special meaning", async () => {
    const target = new EventTarget();
    using ticks = fromEvents(target, "tick", plenty);
    using errors = fromEvents(target, "error", plenty);
    target.dispatchEvent(new Event("error"));
    target.dispatchEvent(new Event("tick"));
    expect((await ticks.receive()).type).toBe("tick");
    expect((await errors.receive()).type).toBe("error");
  });

  it("what is both an emitter and a target, as a MessagePort, is taken for an emitter", async () => {
    const { port1, port2 } = new MessageChannel();
    try {
      using messages = fromEvents<{ hello: string }>(port2, "message", plenty);
      port1.postMessage({ hello: "port" });
      expect(await messages.receive()).toEqual({ hello: "port" });
    } finally {
      port1.close();
      port2.close();
    }
  });
});

describe("overflow", () => {
  const fill = (overflow: EventChannelOptions["overflow"], capacity = 2) => {
    const emitter = new EventEmitter();
    const events = fromEvents<number>(emitter, "tick", { capacity, overflow });
    for (let i = 0; i < 5; i++) emitter.emit("tick", i);
    return { emitter, events };
  };

  it('"dropOldest" keeps the latest, and counts', () => {
    const { events } = fill("dropOldest");
    expect(events.statistics()).toEqual({
      currentBufferUsed: 2,
      maxBufferSize: 2,
      openReceiveChannels: 1,
      tasksWaitingReceive: 0,
      peakBufferUsed: 2,
      itemsDropped: 3,
    });
    expect([events.receiveNowait(), events.receiveNowait()]).toEqual([3, 4]);
  });

  it('"dropNewest" keeps the first, and counts', () => {
    const { events } = fill("dropNewest");
    expect(events.statistics()).toMatchObject({ itemsDropped: 3 });
    expect([events.receiveNowait(), events.receiveNowait()]).toEqual([0, 1]);
  });

  it('"error" tells the receiver, after what has come, and stops listening', async () => {
    const { emitter, events } = fill("error");
    expect(emitter.eventNames()).toEqual([]);
    expect(events.statistics()).toMatchObject({ itemsDropped: 1, currentBufferUsed: 2 });
    expect([await events.receive(), await events.receive()]).toEqual([0, 1]);
    const error = await rejection(events.receive());
    expect(error).toBeInstanceOf(BrokenResourceError);
    expect((error as Error).message).toContain("An event came while 2 were waiting to be received");
  });

  it.each(["dropOldest", "dropNewest"] as const)(
    '"%s" with capacity 0 reaches only who waits',
    async (overflow) => {
      const { emitter, events } = fill(overflow, 0);
      expect(events.statistics()).toMatchObject({ itemsDropped: 5 });
      const receiver = begin(() => events.receive());
      emitter.emit("tick", 5);
      await turns();
      expect(receiver.result).toBe(5);
    },
  );
});

describe("misuse of fromEvents", () => {
  const emitter = new EventEmitter();

  it.each([
    [null, "tick", plenty, "fromEvents needs an emitter (with on and off) or an EventTarget"],
    [{ on: () => undefined }, "tick", plenty, "fromEvents needs an emitter"],
    [emitter, 5, plenty, "fromEvents needs the name of an event, not number."],
    [emitter, "tick", undefined, "fromEvents needs a number as capacity, not undefined."],
    [emitter, "tick", { capacity: -1, overflow: "error" }, "fromEvents needs a capacity of 0, 1, 2, ..."],
    [
      emitter,
      "tick",
      { capacity: 1, overflow: "block" },
      "fromEvents cannot block: an emitter does not wait.",
    ],
    [
      emitter,
      "tick",
      { capacity: 1 },
      'needs overflow to be one of "dropOldest", "dropNewest", "error", not undefined',
    ],
  ])("law 13: refuses (%o, %o, %o)", (source, name, options, message) => {
    expect(() => fromEvents(source as never, name as never, options as never)).toThrow(message);
    expect(emitter.eventNames()).toEqual([]);
  });
});

import { Cancelled, checkpoint, ClosedResourceError, EndOfChannel, WouldBlock } from "@espalier/core";
import {
  type BroadcastOptions,
  BroadcastReceiveChannel,
  BroadcastSendChannel,
  openBroadcastChannel,
  receiveCase,
  select,
} from "@espalier/channel";
import { rejection, thrownBy } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

import { begin, inCancelledScope, turns } from "./support/flow.ts";

/** All that can be received without waiting. */
function drain<T>(channel: BroadcastReceiveChannel<T>): T[] {
  const items: T[] = [];
  while (channel.statistics().currentBufferUsed > 0) items.push(channel.receiveNowait());
  return items;
}

describe("openBroadcastChannel", () => {
  it("gives the sending end and a way to subscribe, which can be taken apart", () => {
    const { send, subscribe } = openBroadcastChannel<string>({ capacity: 1, overflow: "block" });
    expect(send).toBeInstanceOf(BroadcastSendChannel);
    expect(subscribe()).toBeInstanceOf(BroadcastReceiveChannel);
    expect(send.statistics()).toEqual({
      openSendChannels: 1,
      subscribers: 1,
      tasksWaitingSend: 0,
      itemsDropped: 0,
    });
  });

  it.each([
    [undefined, TypeError, "openBroadcastChannel needs a number as capacity, not undefined."],
    [{ overflow: "block" }, TypeError, "needs a number as capacity"],
    [
      { capacity: -1, overflow: "block" },
      RangeError,
      "needs a capacity of 0, 1, 2, ... or Infinity, not -1.",
    ],
    [{ capacity: 1.5, overflow: "block" }, RangeError, "not 1.5"],
    [
      { capacity: 1 },
      TypeError,
      'openBroadcastChannel needs overflow to be one of "block", "dropOldest", "dropNewest", "error", not undefined.',
    ],
    [{ capacity: 1, overflow: "drop" }, TypeError, 'not "drop".'],
    [{ capacity: 1, overflow: Object.create(null) }, TypeError, "not something that has no text."],
  ])("law 13: refuses %o", (options, type, message) => {
    expect(() => openBroadcastChannel(options as BroadcastOptions)).toThrow(type);
    expect(() => openBroadcastChannel(options as BroadcastOptions)).toThrow(message);
  });
});

describe.each(["block", "dropOldest", "dropNewest", "error"] as const)("in the mode %s", (overflow) => {
  it("every subscriber gets every item that is sent while it is open", async () => {
    const { send, subscribe } = openBroadcastChannel<number>({ capacity: 10, overflow });
    const early = subscribe();
    await send.send(1);
    const late = subscribe();
    await send.send(2);
    send.sendNowait(3);
    expect(drain(early)).toEqual([1, 2, 3]);
    expect(drain(late)).toEqual([2, 3]);
  });

  it("hands an item to a receiver that waits", async () => {
    const { send, subscribe } = openBroadcastChannel<number>({ capacity: 0, overflow });
    const receivers = [subscribe(), subscribe()].map((end) => begin(() => end.receive()));
    await send.send(1);
    await turns();
    expect(receivers.map((each) => each.result)).toEqual([1, 1]);
  });

  it("without subscribers an item is dropped, and counted", async () => {
    const { send, subscribe } = openBroadcastChannel<number>({ capacity: 1, overflow });
    for (let i = 0; i < 3; i++) await send.send(i);
    expect(send.statistics().itemsDropped).toBe(3);
    const subscriber = subscribe();
    send.sendNowait(3);
    expect(drain(subscriber)).toEqual([3]);
  });

  it("closing the sender ends every subscriber after what it has buffered", async () => {
    const { send, subscribe } = openBroadcastChannel<number>({ capacity: 2, overflow });
    const [full, empty] = [subscribe(), subscribe()];
    const clone = send.clone();
    await send.send(1);
    expect(await empty.receive()).toBe(1);
    const waiting = begin(() => empty.receive());
    send.close();
    await turns();
    expect(waiting.waits).toBe(true);
    clone.close();
    await waiting.ended;
    expect(waiting.result).toBe("EndOfChannel");
    const items: number[] = [];
    for await (const item of full) items.push(item);
    expect(items).toEqual([1]);
    expect(await rejection(full.receive())).toBeInstanceOf(EndOfChannel);
    expect(await rejection(subscribe().receive())).toBeInstanceOf(EndOfChannel); // who comes too late
  });

  it("law 4: send raises in a cancelled scope, and nobody gets the item", async () => {
    const { send, subscribe } = openBroadcastChannel<number>({ capacity: 1, overflow });
    const subscriber = subscribe();
    expect(await rejection(inCancelledScope(() => send.send(1)))).toBeInstanceOf(Cancelled);
    expect(drain(subscriber)).toEqual([]);
  });

  it("law 4: send gives others a turn, also when it need not wait", async () => {
    const { send } = openBroadcastChannel<number>({ capacity: 1, overflow });
    let turned = false;
    setImmediate(() => (turned = true));
    for (let i = 0; i < 100_000 && !turned; i++) await send.send(i);
    expect(turned).toBe(true);
  });

  it("raises ClosedResourceError on a closed end, on either side", async () => {
    const { send, subscribe } = openBroadcastChannel<number>({ capacity: 1, overflow });
    const subscriber = subscribe();
    const waiting = begin(() => subscriber.receive());
    subscriber.close();
    await waiting.ended;
    expect(waiting.result).toBe("ClosedResourceError");
    expect(await rejection(subscriber.receive())).toBeInstanceOf(ClosedResourceError);
    expect(thrownBy(() => subscriber.receiveNowait())).toBeInstanceOf(ClosedResourceError);
    expect(thrownBy(() => subscriber.clone())).toBeInstanceOf(ClosedResourceError);
    send.close();
    expect(await rejection(send.send(1))).toBeInstanceOf(ClosedResourceError);
    expect(thrownBy(() => send.sendNowait(1))).toBeInstanceOf(ClosedResourceError);
    expect(thrownBy(() => send.clone())).toBeInstanceOf(ClosedResourceError);
  });

  it("law 9: closing is idempotent, works in a cancelled scope, and is what `using` does", async () => {
    const { send, subscribe } = openBroadcastChannel<number>({ capacity: 1, overflow });
    await inCancelledScope(() => {
      using subscriber = subscribe();
      using clone = send.clone();
      subscriber.close();
      clone.close();
      clone.close();
    });
    expect(send.statistics()).toMatchObject({ subscribers: 0, openSendChannels: 1 });
  });

  it("a clone of a subscription shares its items, and the last one ends it", async () => {
    const { send, subscribe } = openBroadcastChannel<number>({ capacity: 4, overflow });
    const subscriber = subscribe();
    const clone = subscriber.clone();
    for (let i = 0; i < 3; i++) send.sendNowait(i);
    expect(clone.receiveNowait()).toBe(0);
    expect(subscriber.receiveNowait()).toBe(1);
    subscriber.close();
    expect(clone.receiveNowait()).toBe(2);
    expect(send.statistics().subscribers).toBe(1);
    clone.close();
    expect(send.statistics().subscribers).toBe(0);
  });

  it("law 5: a receiver that is cancelled has taken nothing", async () => {
    const { send, subscribe } = openBroadcastChannel<number>({ capacity: 1, overflow });
    const subscriber = subscribe();
    const receiver = begin(() => subscriber.receive());
    receiver.cancel();
    send.sendNowait(1);
    await receiver.ended;
    expect(receiver.result).toBe("cancelled");
    expect(drain(subscriber)).toEqual([1]);
  });
});

describe('overflow: "block"', () => {
  it("the sender waits for the slowest, then all get the item in one step", async () => {
    const { send, subscribe } = openBroadcastChannel<number>({ capacity: 1, overflow: "block" });
    const [fast, slow] = [subscribe(), subscribe()];
    await send.send(1);
    expect(fast.receiveNowait()).toBe(1);
    const sender = begin(() => send.send(2));
    await turns();
    expect(sender.waits).toBe(true);
    expect(send.statistics()).toMatchObject({ tasksWaitingSend: 1, itemsDropped: 0 });
    expect(drain(fast)).toEqual([]); // nobody has got it yet
    expect(slow.receiveNowait()).toBe(1);
    await sender.ended;
    expect(drain(fast)).toEqual([2]);
    expect(drain(slow)).toEqual([2]);
  });

  it("law 5: cancelled while it waits, it has sent nothing to anybody", async () => {
    const { send, subscribe } = openBroadcastChannel<number>({ capacity: 1, overflow: "block" });
    const [fast, slow] = [subscribe(), subscribe()];
    await send.send(1);
    fast.receiveNowait();
    const [doomed, next] = [begin(() => send.send(2)), begin(() => send.send(3))];
    doomed.cancel();
    expect(send.statistics().tasksWaitingSend).toBe(1);
    expect(slow.receiveNowait()).toBe(1);
    await Promise.all([doomed.ended, next.ended]);
    expect(doomed.result).toBe("cancelled");
    expect(drain(fast)).toEqual([3]);
    expect(drain(slow)).toEqual([3]);
  });

  it("law 6: sent beats cancelled, and the next checkpoint raises", async () => {
    const { send, subscribe } = openBroadcastChannel<number>({ capacity: 1, overflow: "block" });
    const subscriber = subscribe();
    await send.send(1);
    const log: string[] = [];
    const sender = begin(async () => {
      await send.send(2);
      log.push("sent");
      await checkpoint();
    });
    expect(subscriber.receiveNowait()).toBe(1);
    sender.cancel();
    await sender.ended;
    expect(log).toEqual(["sent"]);
    expect(sender.result).toBe("cancelled");
    expect(drain(subscriber)).toEqual([2]);
  });

  it("law 8: senders are served first come, first served; sendNowait does not overtake", async () => {
    const { send, subscribe } = openBroadcastChannel<number>({ capacity: 1, overflow: "block" });
    const subscriber = subscribe();
    send.sendNowait(0);
    const senders = [1, 2, 3].map((i) => begin(() => send.send(i)));
    const got: number[] = [];
    for (let i = 0; i < 4; i++) {
      expect(thrownBy(() => send.sendNowait(9))).toBeInstanceOf(WouldBlock);
      got.push(subscriber.receiveNowait());
    }
    expect(got).toEqual([0, 1, 2, 3]);
    await Promise.all(senders.map((sender) => sender.ended));
    expect(() => {
      send.sendNowait(4);
      send.sendNowait(5);
    }).toThrow("A subscriber of the broadcast channel has no room; send() would wait for it.");
  });

  it("a subscriber that closes no longer holds the senders back", async () => {
    const { send, subscribe } = openBroadcastChannel<number>({ capacity: 1, overflow: "block" });
    const [fast, slow] = [subscribe(), subscribe()];
    await send.send(1);
    const senders = [begin(() => send.send(2)), begin(() => send.send(3))];
    expect(fast.receiveNowait()).toBe(1);
    slow.close();
    expect(fast.receiveNowait()).toBe(2);
    expect(fast.receiveNowait()).toBe(3);
    await Promise.all(senders.map((sender) => sender.ended));
  });

  it("when the last subscriber closes, senders go on and their items are dropped", async () => {
    const { send, subscribe } = openBroadcastChannel<number>({ capacity: 1, overflow: "block" });
    const subscriber = subscribe();
    await send.send(1);
    const sender = begin(() => send.send(2));
    subscriber.close();
    await sender.ended;
    expect(sender.standing.kind).toBe("value");
    expect(send.statistics()).toMatchObject({ itemsDropped: 1, subscribers: 0 });
  });

  it("closing the sender fails blocked sends with ClosedResourceError", async () => {
    const { send, subscribe } = openBroadcastChannel<number>({ capacity: 1, overflow: "block" });
    const clone = send.clone();
    const subscriber = subscribe();
    await send.send(1);
    const [blocked, other] = [begin(() => send.send(2)), begin(() => clone.send(3))];
    send.close();
    await blocked.ended;
    expect(blocked.result).toBe("ClosedResourceError");
    expect(other.waits).toBe(true);
    expect(subscriber.receiveNowait()).toBe(1);
    await other.ended;
    clone.close();
    expect(drain(subscriber)).toEqual([3]);
  });

  it("with capacity 0 the sender waits until all subscribers wait", async () => {
    const { send, subscribe } = openBroadcastChannel<number>({ capacity: 0, overflow: "block" });
    const [first, second] = [subscribe(), subscribe()];
    const sender = begin(() => send.send(1));
    const one = begin(() => first.receive());
    await turns();
    expect([sender.waits, one.waits]).toEqual([true, true]);
    expect(await second.receive()).toBe(1);
    await Promise.all([sender.ended, one.ended]);
    expect(one.result).toBe(1);
    expect(thrownBy(() => send.sendNowait(2))).toBeInstanceOf(WouldBlock);
    const again = begin(() => send.send(2));
    const three = begin(() => first.receive());
    expect(second.receiveNowait()).toBe(2);
    await Promise.all([again.ended, three.ended]);
  });

  it("a select that waits in two subscriptions of a channel without buffer loses nothing", async () => {
    const { send, subscribe } = openBroadcastChannel<number>({ capacity: 0, overflow: "block" });
    const [first, second] = [subscribe(), subscribe()];
    const selector = begin(() => select([receiveCase(first), receiveCase(second)]));
    await send.send(1);
    await selector.ended;
    expect(selector.result).toEqual({ index: 0, value: 1 });
    expect(second.receiveNowait()).toBe(1);
    expect(send.statistics().itemsDropped).toBe(0);
  });
});

describe('overflow: "dropOldest"', () => {
  it("a slow subscriber misses the oldest items; it is counted where it happened", async () => {
    const { send, subscribe } = openBroadcastChannel<number>({ capacity: 2, overflow: "dropOldest" });
    const [fast, slow] = [subscribe(), subscribe()];
    const seen: number[] = [];
    for (let i = 0; i < 5; i++) {
      await send.send(i);
      seen.push(...drain(fast));
    }
    expect(seen).toEqual([0, 1, 2, 3, 4]);
    expect(slow.statistics()).toEqual({
      currentBufferUsed: 2,
      maxBufferSize: 2,
      openReceiveChannels: 1,
      tasksWaitingReceive: 0,
      peakBufferUsed: 2,
      itemsDropped: 3,
    });
    expect(drain(slow)).toEqual([3, 4]);
    expect(fast.statistics().itemsDropped).toBe(0);
    expect(send.statistics().itemsDropped).toBe(3);
    slow.close();
    expect(send.statistics().itemsDropped).toBe(3);
  });
});

describe('overflow: "dropNewest"', () => {
  it("a slow subscriber misses the new item; it is counted where it happened", async () => {
    const { send, subscribe } = openBroadcastChannel<number>({ capacity: 2, overflow: "dropNewest" });
    const [fast, slow] = [subscribe(), subscribe()];
    const seen: number[] = [];
    for (let i = 0; i < 5; i++) {
      await send.send(i);
      seen.push(...drain(fast));
    }
    expect(seen).toEqual([0, 1, 2, 3, 4]);
    expect(drain(slow)).toEqual([0, 1]);
    expect(slow.statistics()).toMatchObject({ itemsDropped: 3 });
    expect(send.statistics().itemsDropped).toBe(3);
  });
});

describe.each(["dropOldest", "dropNewest"] as const)('overflow: "%s" without a buffer', (overflow) => {
  it("reaches only those who wait", async () => {
    const { send, subscribe } = openBroadcastChannel<number>({ capacity: 0, overflow });
    const [waiting, busy] = [subscribe(), subscribe()];
    const receiver = begin(() => waiting.receive());
    await send.send(1);
    await receiver.ended;
    expect(receiver.result).toBe(1);
    expect(busy.statistics()).toMatchObject({ currentBufferUsed: 0, itemsDropped: 1 });
  });
});

describe('overflow: "error"', () => {
  it("the sender gets WouldBlock, and nobody the item", async () => {
    const { send, subscribe } = openBroadcastChannel<number>({ capacity: 1, overflow: "error" });
    const [fast, slow] = [subscribe(), subscribe()];
    await send.send(1);
    expect(drain(fast)).toEqual([1]);
    expect(await rejection(send.send(2))).toBeInstanceOf(WouldBlock);
    expect(() => send.sendNowait(3)).toThrow(
      "A subscriber of the broadcast channel has no room; nobody got the item.",
    );
    expect(drain(fast)).toEqual([]);
    expect(drain(slow)).toEqual([1]);
    await send.send(4);
    expect(drain(fast)).toEqual([4]);
    expect(send.statistics().itemsDropped).toBe(0);
  });
});

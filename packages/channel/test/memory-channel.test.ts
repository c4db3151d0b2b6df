import {
  BrokenResourceError,
  Cancelled,
  checkpoint,
  ClosedResourceError,
  EndOfChannel,
  run,
  sleep,
  taskTree,
  WouldBlock,
} from "@espalier/core";
import { MockClock } from "@espalier/core/testing";
import { MemoryReceiveChannel, MemorySendChannel, openMemoryChannel } from "@espalier/channel";
import { rejection, thrownBy } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

import { begin, inCancelledScope, turns } from "./support/flow.ts";
import { joinAll, spawn } from "./support/task.ts";

const idle = { tasksWaitingSend: 0, tasksWaitingReceive: 0 };

describe("openMemoryChannel", () => {
  it("gives the two ends of a rendezvous channel by default", () => {
    const [send, receive] = openMemoryChannel<number>();
    expect(send).toBeInstanceOf(MemorySendChannel);
    expect(receive).toBeInstanceOf(MemoryReceiveChannel);
    expect(send.statistics().maxBufferSize).toBe(0);
  });

  it("takes Infinity", async () => {
    const [send, receive] = openMemoryChannel<number>(Infinity);
    for (let i = 0; i < 10_000; i++) send.sendNowait(i);
    expect(receive.statistics()).toMatchObject({ currentBufferUsed: 10_000, maxBufferSize: Infinity });
    for (let i = 0; i < 10_000; i++) expect(receive.receiveNowait()).toBe(i);
  });

  it.each([-1, 1.5, NaN, -Infinity])("law 13: refuses %d as a capacity", (capacity) => {
    expect(() => openMemoryChannel(capacity)).toThrow(RangeError);
    expect(() => openMemoryChannel(capacity)).toThrow(
      `openMemoryChannel needs a capacity of 0, 1, 2, ... or Infinity, not ${capacity}.`,
    );
  });

  it.each([["8"], [null], [{}]])("law 13: refuses %o as a capacity", (capacity) => {
    expect(() => openMemoryChannel(capacity as unknown as number)).toThrow(TypeError);
    expect(() => openMemoryChannel(capacity as unknown as number)).toThrow("needs a number as capacity");
  });
});

describe("send", () => {
  it("succeeds at once while the buffer has room", async () => {
    const [send, receive] = openMemoryChannel<string>(2);
    await send.send("a");
    await send.send("b");
    expect(receive.statistics()).toMatchObject({ currentBufferUsed: 2, peakBufferUsed: 2, ...idle });
  });

  it("succeeds at once when a receiver waits", async () => {
    const [send, receive] = openMemoryChannel<string>();
    const receiver = begin(() => receive.receive());
    await send.send("a");
    await turns();
    expect(receiver.result).toBe("a");
  });

  it("waits while the buffer is full, and goes on when there is room", async () => {
    const [send, receive] = openMemoryChannel<string>(1);
    await send.send("a");
    const sender = begin(() => send.send("b"));
    await turns();
    expect(sender.waits).toBe(true);
    expect(send.statistics()).toMatchObject({ currentBufferUsed: 1, tasksWaitingSend: 1 });
    expect(await receive.receive()).toBe("a");
    await sender.ended;
    expect(sender.standing).toEqual({ kind: "value", value: undefined });
    expect(receive.statistics()).toMatchObject({ currentBufferUsed: 1, ...idle });
    expect(await receive.receive()).toBe("b");
  });

  it("returns with capacity 0 when a receiver has taken the item, not before", async () => {
    const [send, receive] = openMemoryChannel<string>();
    const sender = begin(() => send.send("a"));
    await turns();
    expect(sender.waits).toBe(true);
    expect(await receive.receive()).toBe("a");
    await sender.ended;
    expect(sender.standing.kind).toBe("value");
  });

  it("law 8: serves senders first come, first served", async () => {
    const [send, receive] = openMemoryChannel<number>(1);
    const done: number[] = [];
    const senders = [0, 1, 2, 3, 4].map((i) => begin(() => send.send(i).then(() => done.push(i))));
    for (let i = 0; i < 5; i++) expect(await receive.receive()).toBe(i);
    await Promise.all(senders.map((sender) => sender.ended));
    expect(done).toEqual([0, 1, 2, 3, 4]);
  });

  it("law 4: raises in a cancelled scope and does nothing, also where there is room", async () => {
    const [send, receive] = openMemoryChannel<string>(1);
    expect(await rejection(inCancelledScope(() => send.send("a")))).toBeInstanceOf(Cancelled);
    expect(receive.statistics()).toMatchObject({ currentBufferUsed: 0, ...idle });
  });

  it("law 4: gives others a turn, also when it need not wait", async () => {
    const [send] = openMemoryChannel<number>(Infinity);
    let turned = false;
    setImmediate(() => (turned = true));
    for (let i = 0; i < 100_000 && !turned; i++) await send.send(i);
    expect(turned).toBe(true);
  });

  it("law 5: cancelled while it waits, it has sent nothing", async () => {
    const [send, receive] = openMemoryChannel<string>(1);
    await send.send("a");
    const before = send.statistics();
    const sender = begin(() => send.send("lost"));
    const next = begin(() => send.send("b"));
    sender.cancel();
    expect(send.statistics().tasksWaitingSend).toBe(1); // synchronously
    await sender.ended;
    expect(sender.result).toBe("cancelled");
    expect(await receive.receive()).toBe("a");
    expect(await receive.receive()).toBe("b");
    await next.ended;
    expect(send.statistics()).toEqual({ ...before, currentBufferUsed: 0 });
  });

  it("law 6: whose item was taken before the cancellation has sent it", async () => {
    const [send, receive] = openMemoryChannel<string>();
    const log: unknown[] = [];
    const sender = begin(async () => {
      await send.send("a");
      log.push("sent");
      await checkpoint();
    });
    expect(receive.receiveNowait()).toBe("a");
    sender.cancel();
    await sender.ended;
    expect(log).toEqual(["sent"]);
    expect(sender.result).toBe("cancelled"); // by the next checkpoint
  });

  it("raises ClosedResourceError when its own end is closed, before and while it waits", async () => {
    const [send, receive] = openMemoryChannel<string>();
    const sibling = send.clone();
    const sender = begin(() => send.send("a"));
    const other = begin(() => sibling.send("b"));
    send.close();
    await sender.ended;
    expect(sender.result).toBe("ClosedResourceError");
    expect(other.waits).toBe(true);
    expect(await rejection(send.send("c"))).toBeInstanceOf(ClosedResourceError);
    expect(await receive.receive()).toBe("b");
  });

  it("raises BrokenResourceError with the item when no receiver is left, before and while it waits", async () => {
    const [send, receive] = openMemoryChannel<string>();
    const sender = begin(() => send.send("a"));
    receive.close();
    await sender.ended;
    const blocked = sender.standing as { error: BrokenResourceError };
    expect(blocked.error).toBeInstanceOf(BrokenResourceError);
    expect(blocked.error.unsent).toBe("a");
    const refused = (await rejection(send.send("b"))) as BrokenResourceError;
    expect(refused).toBeInstanceOf(BrokenResourceError);
    expect(refused.unsent).toBe("b");
    expect(refused.message).toContain("No receive end of the channel is open any more");
  });

  it("names the closed end before the missing receivers", async () => {
    const [send, receive] = openMemoryChannel<string>();
    receive.close();
    send.close();
    expect(await rejection(send.send("a"))).toBeInstanceOf(ClosedResourceError);
    expect(thrownBy(() => send.sendNowait("a"))).toBeInstanceOf(ClosedResourceError);
  });

  it("shows in the task tree what it waits for", async () => {
    const [send] = openMemoryChannel<string>();
    const sender = begin(() => send.send("a"), "a sender");
    expect(taskTree()).toContainEqual(
      expect.objectContaining({ name: "a sender", waitingFor: "channel.send" }),
    );
    sender.cancel();
    await sender.ended;
  });
});

describe("sendNowait", () => {
  it("puts an item into the buffer, or into the hands of a receiver that waits", async () => {
    const [send, receive] = openMemoryChannel<string>(1);
    const receiver = begin(() => receive.receive());
    send.sendNowait("a");
    send.sendNowait("b");
    await turns();
    expect(receiver.result).toBe("a");
    expect(receive.receiveNowait()).toBe("b");
  });

  it("raises WouldBlock when the buffer is full, or nobody waits at a rendezvous", () => {
    const [send] = openMemoryChannel<string>(1);
    send.sendNowait("a");
    expect(thrownBy(() => send.sendNowait("b"))).toBeInstanceOf(WouldBlock);
    const [rendezvous] = openMemoryChannel<string>();
    expect(thrownBy(() => rendezvous.sendNowait("b"))).toBeInstanceOf(WouldBlock);
    expect(() => rendezvous.sendNowait("b")).toThrow("send() would wait");
  });

  it("law 8: does not overtake senders that wait", async () => {
    const [send, receive] = openMemoryChannel<string>(1);
    send.sendNowait("a");
    const sender = begin(() => send.send("b"));
    expect(receive.receiveNowait()).toBe("a"); // the free place is the sender's, although it has not run yet
    expect(thrownBy(() => send.sendNowait("c"))).toBeInstanceOf(WouldBlock);
    expect(receive.receiveNowait()).toBe("b");
    await sender.ended;
  });

  it("is no checkpoint: it works in a cancelled scope", async () => {
    const [send, receive] = openMemoryChannel<string>(1);
    await inCancelledScope(() => send.sendNowait("a"));
    expect(receive.receiveNowait()).toBe("a");
  });

  it("raises BrokenResourceError with the item when no receiver is left", () => {
    const [send, receive] = openMemoryChannel<string>(1);
    receive.close();
    expect((thrownBy(() => send.sendNowait("a")) as BrokenResourceError).unsent).toBe("a");
  });
});

describe("receive", () => {
  it("succeeds at once from the buffer", async () => {
    const [send, receive] = openMemoryChannel<string | undefined>(3);
    await send.send("a");
    await send.send(undefined);
    expect(await receive.receive()).toBe("a");
    expect(await receive.receive()).toBe(undefined);
  });

  it("succeeds at once from a sender that waits", async () => {
    const [send, receive] = openMemoryChannel<string>();
    const sender = begin(() => send.send("a"));
    expect(await receive.receive()).toBe("a");
    await sender.ended;
  });

  it("waits for an item", async () => {
    const [send, receive] = openMemoryChannel<string>(1);
    const receiver = begin(() => receive.receive());
    await turns();
    expect(receiver.waits).toBe(true);
    expect(send.statistics().tasksWaitingReceive).toBe(1);
    await send.send("a");
    await receiver.ended;
    expect(receiver.result).toBe("a");
    expect(send.statistics()).toMatchObject({ currentBufferUsed: 0, peakBufferUsed: 0, ...idle });
  });

  it("law 8: serves receivers first come, first served, whichever clone they use", async () => {
    const [send, receive] = openMemoryChannel<number>();
    const clone = receive.clone();
    const receivers = [receive, clone, receive, clone].map((end) => begin(() => end.receive()));
    for (let i = 0; i < 4; i++) await send.send(i);
    await turns();
    expect(receivers.map((receiver) => receiver.result)).toEqual([0, 1, 2, 3]);
  });

  it("law 4: raises in a cancelled scope and takes nothing, also where an item is there", async () => {
    const [send, receive] = openMemoryChannel<string>(1);
    await send.send("a");
    expect(await rejection(inCancelledScope(() => receive.receive()))).toBeInstanceOf(Cancelled);
    expect(receive.receiveNowait()).toBe("a");
  });

  it("law 4: gives others a turn, also when it need not wait", async () => {
    const [send, receive] = openMemoryChannel<number>(Infinity);
    for (let i = 0; i < 100_000; i++) send.sendNowait(i);
    let turned = false;
    setImmediate(() => (turned = true));
    for (let i = 0; i < 100_000 && !turned; i++) await receive.receive();
    expect(turned).toBe(true);
  });

  it("law 5: cancelled while it waits, it has taken nothing", async () => {
    const [send, receive] = openMemoryChannel<string>();
    const receiver = begin(() => receive.receive());
    const next = begin(() => receive.receive());
    receiver.cancel();
    expect(receive.statistics().tasksWaitingReceive).toBe(1); // synchronously
    send.sendNowait("a");
    await Promise.all([receiver.ended, next.ended]);
    expect(receiver.result).toBe("cancelled");
    expect(next.result).toBe("a");
  });

  it("law 6: delivered beats cancelled, and the next checkpoint raises", async () => {
    const [send, receive] = openMemoryChannel<string>();
    const log: unknown[] = [];
    const receiver = begin(async () => {
      log.push(await receive.receive());
      await checkpoint();
    });
    send.sendNowait("a");
    receiver.cancel();
    await receiver.ended;
    expect(log).toEqual(["a"]);
    expect(receiver.result).toBe("cancelled");
  });

  it("raises EndOfChannel when all senders have closed and the buffer has drained", async () => {
    const [send, receive] = openMemoryChannel<string>(2);
    const clone = send.clone();
    await send.send("a");
    send.close();
    await clone.send("b");
    clone.close();
    expect(await receive.receive()).toBe("a");
    expect(await receive.receive()).toBe("b");
    expect(await rejection(receive.receive())).toBeInstanceOf(EndOfChannel);
    expect(thrownBy(() => receive.receiveNowait())).toBeInstanceOf(EndOfChannel);
  });

  it("raises EndOfChannel when the last sender closes while it waits", async () => {
    const [send, receive] = openMemoryChannel<string>();
    const clone = send.clone();
    const receiver = begin(() => receive.receive());
    send.close();
    await turns();
    expect(receiver.waits).toBe(true);
    clone.close();
    await receiver.ended;
    expect(receiver.result).toBe("EndOfChannel");
  });

  it("raises ClosedResourceError when its own end is closed, before and while it waits", async () => {
    const [send, receive] = openMemoryChannel<string>();
    const sibling = receive.clone();
    const receiver = begin(() => receive.receive());
    const other = begin(() => sibling.receive());
    receive.close();
    await receiver.ended;
    expect(receiver.result).toBe("ClosedResourceError");
    expect(other.waits).toBe(true);
    expect(await rejection(receive.receive())).toBeInstanceOf(ClosedResourceError);
    expect(thrownBy(() => receive.receiveNowait())).toBeInstanceOf(ClosedResourceError);
    await send.send("a");
    await other.ended;
    expect(other.result).toBe("a");
  });

  it("the hazard of Promise.race: the loser stays in line and takes the next item", async () => {
    const [send, receive] = openMemoryChannel<string>();
    const winner = await Promise.race([receive.receive(), Promise.resolve("timeout")]);
    expect(winner).toBe("timeout");
    await send.send("a"); // went to the loser, and nobody sees it
    expect(thrownBy(() => receive.receiveNowait())).toBeInstanceOf(WouldBlock);
  });

  it("shows in the task tree what it waits for", async () => {
    const [, receive] = openMemoryChannel<string>();
    const receiver = begin(() => receive.receive(), "a receiver");
    expect(taskTree()).toContainEqual(
      expect.objectContaining({ name: "a receiver", waitingFor: "channel.receive" }),
    );
    receiver.cancel();
    await receiver.ended;
  });
});

describe("receiveNowait", () => {
  it("takes from the buffer, or from a sender that waits", async () => {
    const [send, receive] = openMemoryChannel<string>(1);
    send.sendNowait("a");
    const sender = begin(() => send.send("b"));
    expect(receive.receiveNowait()).toBe("a");
    expect(receive.receiveNowait()).toBe("b");
    await sender.ended;
    const [rendezvous, meeting] = openMemoryChannel<string>();
    const other = begin(() => rendezvous.send("c"));
    expect(meeting.receiveNowait()).toBe("c");
    await other.ended;
  });

  it("raises WouldBlock when there is nothing", () => {
    const [, receive] = openMemoryChannel<string>(1);
    expect(thrownBy(() => receive.receiveNowait())).toBeInstanceOf(WouldBlock);
    expect(() => receive.receiveNowait()).toThrow("receive() would wait");
  });

  it("law 8: does not overtake receivers that wait", async () => {
    const [send, receive] = openMemoryChannel<string>(1);
    const receiver = begin(() => receive.receive());
    send.sendNowait("a"); // is the receiver's, although it has not run yet
    expect(thrownBy(() => receive.receiveNowait())).toBeInstanceOf(WouldBlock);
    await receiver.ended;
    expect(receiver.result).toBe("a");
  });

  it("is no checkpoint: it works in a cancelled scope", async () => {
    const [send, receive] = openMemoryChannel<string>(1);
    send.sendNowait("a");
    expect(await inCancelledScope(() => receive.receiveNowait())).toBe("a");
  });
});

describe("for await", () => {
  it("receives until the end", async () => {
    const [send, receive] = openMemoryChannel<number>();
    const sender = begin(async () => {
      for (let i = 0; i < 5; i++) await send.send(i);
      send.close();
    });
    const items: number[] = [];
    for await (const item of receive) items.push(item);
    await sender.ended;
    expect(items).toEqual([0, 1, 2, 3, 4]);
  });

  it("left early does not close the channel", async () => {
    const [send, receive] = openMemoryChannel<number>(3);
    for (let i = 0; i < 3; i++) send.sendNowait(i);
    for await (const item of receive) if (item === 0) break;
    expect(receive.receiveNowait()).toBe(1);
    await expect(async () => {
      for await (const _ of receive) throw new Error("left by an error");
    }).rejects.toThrow("left by an error");
    send.sendNowait(3);
    expect(receive.receiveNowait()).toBe(3);
  });

  it("law 4: is a checkpoint at each step, the last one included", async () => {
    const [send, receive] = openMemoryChannel<number>(2);
    send.sendNowait(1);
    send.close();
    const iterator = receive[Symbol.asyncIterator]();
    expect(await rejection(inCancelledScope(() => iterator.next()))).toBeInstanceOf(Cancelled);
    expect(await iterator.next()).toEqual({ done: false, value: 1 });
    expect(await rejection(inCancelledScope(() => iterator.next()))).toBeInstanceOf(Cancelled);
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  it("law 4: gives others a turn, also when it need not wait", async () => {
    const [send, receive] = openMemoryChannel<number>(Infinity);
    for (let i = 0; i < 100_000; i++) send.sendNowait(i);
    send.close();
    let turned = false;
    setImmediate(() => (turned = true));
    for await (const _ of receive) if (turned) break;
    expect(receive.statistics().currentBufferUsed).toBeGreaterThan(0);
  });

  it("waits, and ends, together with receive() in the same line", async () => {
    const [send, receive] = openMemoryChannel<number>();
    const iterator = receive[Symbol.asyncIterator]();
    const first = begin(() => iterator.next());
    const second = begin(() => receive.receive());
    const third = begin(() => iterator.next());
    const fourth = begin(() => iterator.next());
    await send.send(1);
    await send.send(2);
    third.cancel();
    send.close();
    await turns();
    expect([first, second, third, fourth].map((flow) => flow.result)).toEqual([
      { done: false, value: 1 },
      2,
      "cancelled",
      { done: true, value: undefined },
    ]);
  });

  it("raises ClosedResourceError when its end is closed, before and while it waits", async () => {
    const [, receive] = openMemoryChannel<number>();
    const loop = begin(async () => {
      for await (const _ of receive);
    });
    receive.close();
    await loop.ended;
    expect(loop.result).toBe("ClosedResourceError");
    await expect(receive[Symbol.asyncIterator]().next()).rejects.toThrow(ClosedResourceError);
  });
});

describe("clone", () => {
  it("keeps the channel open until the last clone is closed, on both sides", async () => {
    const [send, receive] = openMemoryChannel<number>(4);
    const send2 = send.clone();
    const receive2 = receive.clone();
    expect(send.statistics()).toMatchObject({ openSendChannels: 2, openReceiveChannels: 2 });
    send.close();
    receive.close();
    await send2.send(1);
    expect(await receive2.receive()).toBe(1);
    expect(send.statistics()).toMatchObject({ openSendChannels: 1, openReceiveChannels: 1 });
    send2.close();
    expect(await rejection(receive2.receive())).toBeInstanceOf(EndOfChannel);
  });

  it("raises ClosedResourceError on a closed end", () => {
    const [send, receive] = openMemoryChannel<number>();
    send.close();
    receive.close();
    expect(thrownBy(() => send.clone())).toBeInstanceOf(ClosedResourceError);
    expect(thrownBy(() => receive.clone())).toBeInstanceOf(ClosedResourceError);
    expect(() => send.clone()).toThrow("each task that needs one should hold a clone()");
  });
});

describe("close", () => {
  it("law 9: is idempotent, and works in a cancelled scope", async () => {
    const [send, receive] = openMemoryChannel<number>(1);
    const clone = send.clone();
    await inCancelledScope(() => {
      send.close();
      send.close();
      receive.close();
      receive.close();
    });
    expect(clone.statistics()).toMatchObject({ openSendChannels: 1, openReceiveChannels: 0 });
  });

  it("of the last receiver drops the buffer", async () => {
    const [send, receive] = openMemoryChannel<number>(2);
    send.sendNowait(1);
    receive.close();
    expect(send.statistics()).toMatchObject({ currentBufferUsed: 0, peakBufferUsed: 1 });
  });

  it("is what `using` does", async () => {
    const [send, receive] = openMemoryChannel<number>(2);
    {
      using sending = send.clone();
      using receiving = receive.clone();
      await sending.send(1);
      expect(await receiving.receive()).toBe(1);
      expect(send.statistics()).toMatchObject({ openSendChannels: 2, openReceiveChannels: 2 });
    }
    expect(send.statistics()).toMatchObject({ openSendChannels: 1, openReceiveChannels: 1 });
  });
});

describe("statistics", () => {
  it("has Trio's fields, the same from every end", async () => {
    const [send, receive] = openMemoryChannel<number>(2);
    const senders = [1, 2, 3, 4].map((i) => begin(() => send.send(i)));
    const expected = {
      currentBufferUsed: 2,
      maxBufferSize: 2,
      openSendChannels: 1,
      openReceiveChannels: 1,
      tasksWaitingSend: 2,
      tasksWaitingReceive: 0,
      peakBufferUsed: 2,
    };
    expect(send.statistics()).toEqual(expected);
    expect(receive.clone().statistics()).toEqual({ ...expected, openReceiveChannels: 2 });
    for (let i = 0; i < 4; i++) receive.receiveNowait();
    expect(send.statistics()).toMatchObject({ currentBufferUsed: 0, peakBufferUsed: 2, tasksWaitingSend: 0 });
    await Promise.all(senders.map((sender) => sender.ended));
  });
});

describe("a buffer", () => {
  it("of one place is enough for an equally fast pair to go on without waiting at each item", async () => {
    const items = 2_000;
    let waits = 0;
    await run(
      async () => {
        const [send, receive] = openMemoryChannel<number>(1);
        const producer = spawn(async () => {
          for (let i = 0; i < items; i++) await send.send(i);
          send.close();
        });
        const consumer = spawn(async () => {
          let next = 0;
          for await (const item of receive) expect(item).toBe(next++);
          expect(next).toBe(items);
        });
        await joinAll([producer, consumer]);
      },
      { instruments: [{ parked: (_task, label) => void (label.startsWith("channel.") && waits++) }] },
    );
    expect(waits).toBeLessThan(items / 2); // some 200: the budget of a turn makes them line up now and then
  });
});

describe("the essay's story", () => {
  /** Takes items and dies with one in its mouth after so many; holds its clone with `using`, so its death closes it. */
  async function consumer(
    end: MemoryReceiveChannel<number>,
    appetite: number,
    eaten: number[],
  ): Promise<void> {
    using mine = end;
    let meals = 0;
    for await (const item of mine) {
      await sleep(1);
      if (meals++ === appetite) throw new Error(`died with item ${item} in its mouth`);
      eaten.push(item);
    }
  }

  const virtual = () => ({ clock: new MockClock({ autojumpThresholdMs: 0 }) });

  it("of five cloned consumers some die, and the producer goes on with the rest", async () => {
    await run(async () => {
      const [send, receive] = openMemoryChannel<number>(0);
      const eaten: number[] = [];
      const consumers = [1, 2, 3, Infinity, Infinity].map((appetite) => {
        const end = receive.clone();
        return spawn(() => consumer(end, appetite, eaten));
      });
      receive.close();
      const producer = spawn(async () => {
        using mine = send;
        for (let i = 0; i < 50; i++) await mine.send(i);
      });
      await joinAll([...consumers, producer]);
      expect(producer.status).toBe("succeeded");
      expect(eaten.length).toBe(47); // three were in a mouth: that is what a retrying channel is for
      expect(new Set(eaten).size).toBe(47);
    }, virtual());
  });

  it("when the last one dies, the producer gets BrokenResourceError with the item in `unsent`", async () => {
    await run(async () => {
      const [send, receive] = openMemoryChannel<number>(0);
      const eaten: number[] = [];
      const consumers = [2, 2, 2, 2, 2].map((appetite) => {
        const end = receive.clone();
        return spawn(() => consumer(end, appetite, eaten));
      });
      receive.close();
      const producer = spawn(async () => {
        for (let i = 0; ; i++) await send.send(i);
      });
      await joinAll([...consumers, producer]);
      expect(producer.error).toBeInstanceOf(BrokenResourceError);
      expect((producer.error as BrokenResourceError).unsent).toBe(15); // five times two eaten, five in a mouth
      expect(eaten.length).toBe(10);
    }, virtual());
  });
});

import {
  BrokenResourceError,
  Cancelled,
  checkpoint,
  ClosedResourceError,
  EndOfChannel,
  MisuseError,
  taskTree,
  WouldBlock,
} from "@espalier/core";
import {
  fromEvents,
  openBroadcastChannel,
  openMemoryChannel,
  openRetryingChannel,
  openWatchChannel,
  receiveCase,
  select,
  type SelectCase,
  sendCase,
} from "@espalier/channel";
import { EventEmitter } from "node:events";
import { rejection, thrownBy } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

import { begin, inCancelledScope, turns } from "./support/flow.ts";

describe("select", () => {
  it("does at once what is possible: a receive", async () => {
    const [sendA, a] = openMemoryChannel<string>(1);
    const [, b] = openMemoryChannel<number>(1);
    sendA.sendNowait("item");
    expect(await select([receiveCase(b), receiveCase(a)])).toEqual({ index: 1, value: "item" });
    expect(b.statistics().tasksWaitingReceive).toBe(0);
  });

  it("does at once what is possible: a send", async () => {
    const [, a] = openMemoryChannel<string>(1);
    const [sendB, b] = openMemoryChannel<number>(1);
    expect(await select([receiveCase(a), sendCase(sendB, 5)])).toEqual({ index: 1, value: undefined });
    expect(b.receiveNowait()).toBe(5);
  });

  it("of several that are ready the first listed wins, and the others have not happened", async () => {
    const [sendA, a] = openMemoryChannel<string>(1);
    const [sendB, b] = openMemoryChannel<string>(1);
    sendA.sendNowait("a");
    sendB.sendNowait("b");
    expect(await select([receiveCase(b), receiveCase(a)])).toEqual({ index: 0, value: "b" });
    expect(a.receiveNowait()).toBe("a");
    expect(await select([sendCase(sendB, "c"), sendCase(sendA, "d")])).toEqual({
      index: 0,
      value: undefined,
    });
    expect(b.receiveNowait()).toBe("c");
    expect(thrownBy(() => a.receiveNowait())).toBeInstanceOf(WouldBlock);
  });

  it("waits in all queues until one becomes possible, and leaves the others at once: a receive wins", async () => {
    const [sendA, a] = openMemoryChannel<string>();
    const [sendB, b] = openMemoryChannel<string>();
    const flow = begin(() => select([receiveCase(a), sendCase(sendB, "out")]));
    await turns();
    expect(flow.waits).toBe(true);
    expect(a.statistics().tasksWaitingReceive).toBe(1);
    expect(b.statistics().tasksWaitingSend).toBe(1);
    sendA.sendNowait("in");
    expect(b.statistics().tasksWaitingSend).toBe(0); // synchronously
    expect(thrownBy(() => b.receiveNowait())).toBeInstanceOf(WouldBlock);
    await flow.ended;
    expect(flow.result).toEqual({ index: 0, value: "in" });
  });

  it("waits in all queues until one becomes possible, and leaves the others at once: a send wins", async () => {
    const [sendA, a] = openMemoryChannel<string>();
    const [sendB, b] = openMemoryChannel<string>();
    const flow = begin(() => select([receiveCase(a), sendCase(sendB, "out")]));
    expect(b.receiveNowait()).toBe("out");
    expect(a.statistics().tasksWaitingReceive).toBe(0);
    expect(thrownBy(() => sendA.sendNowait("in"))).toBeInstanceOf(WouldBlock);
    await flow.ended;
    expect(flow.result).toEqual({ index: 1, value: undefined });
  });

  it("a free place in a buffer wakes a send", async () => {
    const [send, receive] = openMemoryChannel<string>(1);
    const [, never] = openMemoryChannel<string>();
    send.sendNowait("a");
    const flow = begin(() => select([receiveCase(never), sendCase(send, "b")]));
    await turns();
    expect(flow.waits).toBe(true);
    expect(receive.receiveNowait()).toBe("a");
    expect(receive.receiveNowait()).toBe("b");
    await flow.ended;
    expect(never.statistics().tasksWaitingReceive).toBe(0);
  });

  it("two selects meet each other", async () => {
    const [send, receive] = openMemoryChannel<string>();
    const [, never] = openMemoryChannel<string>();
    const sender = begin(() => select([receiveCase(never), sendCase(send, "item")]));
    const receiver = begin(() => select([receiveCase(never), receiveCase(receive)]));
    await Promise.all([sender.ended, receiver.ended]);
    expect(sender.result).toEqual({ index: 1, value: undefined });
    expect(receiver.result).toEqual({ index: 1, value: "item" });
    expect(never.statistics().tasksWaitingReceive).toBe(0);
  });

  it("two ends of one channel in one select do not meet each other", async () => {
    const [send, receive] = openMemoryChannel<string>();
    const flow = begin(() => select([sendCase(send, "self"), receiveCase(receive.clone())]));
    await turns();
    expect(flow.waits).toBe(true);
    expect(send.statistics()).toMatchObject({ tasksWaitingSend: 1, tasksWaitingReceive: 1 });
    const sender = begin(() => send.send("other"));
    await Promise.all([flow.ended, sender.ended]);
    expect(flow.result).toEqual({ index: 1, value: "other" });
    expect(send.statistics()).toMatchObject({ tasksWaitingSend: 0, tasksWaitingReceive: 0 });
  });

  it("two such selects, each with both ends, meet once", async () => {
    const [send, receive] = openMemoryChannel<string>();
    const both = (name: string) => select([sendCase(send, name), receiveCase(receive)]);
    const first = begin(() => both("first"));
    const second = begin(() => both("second"));
    await Promise.all([first.ended, second.ended]);
    expect(first.result).toEqual({ index: 1, value: "second" });
    expect(second.result).toEqual({ index: 0, value: undefined });
  });

  it("with the same channel several times takes one item, by the first listed", async () => {
    const [send, receive] = openMemoryChannel<string>();
    const flow = begin(() => select([receiveCase(receive), receiveCase(receive.clone())]));
    await turns();
    expect(send.statistics().tasksWaitingReceive).toBe(2);
    send.sendNowait("a");
    expect(send.statistics().tasksWaitingReceive).toBe(0);
    await flow.ended;
    expect(flow.result).toEqual({ index: 0, value: "a" });
  });

  it("law 8: keeps its place among those who only send or receive", async () => {
    const [send, receive] = openMemoryChannel<number>();
    const [, never] = openMemoryChannel<number>();
    const first = begin(() => receive.receive());
    const second = begin(() => select([receiveCase(never), receiveCase(receive)]));
    const third = begin(() => receive.receive());
    for (const item of [1, 2, 3]) send.sendNowait(item);
    await turns();
    expect([first.result, second.result, third.result]).toEqual([1, { index: 1, value: 2 }, 3]);
  });

  it("law 8: nowait calls do not overtake it", async () => {
    const [send, receive] = openMemoryChannel<number>(1);
    const flow = begin(() => select([receiveCase(receive)]));
    send.sendNowait(1);
    expect(thrownBy(() => receive.receiveNowait())).toBeInstanceOf(WouldBlock);
    await flow.ended;
    expect(flow.result).toEqual({ index: 0, value: 1 });
  });

  it("law 4: raises in a cancelled scope and does nothing, also where a case is ready", async () => {
    const [send, receive] = openMemoryChannel<string>(2);
    send.sendNowait("a");
    const choose = () => select([receiveCase(receive), sendCase(send, "b")]);
    expect(await rejection(inCancelledScope(choose))).toBeInstanceOf(Cancelled);
    expect(receive.statistics().currentBufferUsed).toBe(1);
  });

  it("law 4: gives others a turn, also when it need not wait", async () => {
    const [send] = openMemoryChannel<number>(Infinity);
    let turned = false;
    setImmediate(() => (turned = true));
    for (let i = 0; i < 100_000 && !turned; i++) await select([sendCase(send, i)]);
    expect(turned).toBe(true);
  });

  it("law 5: cancelled while it waits, none of its cases has happened", async () => {
    const [sendA, a] = openMemoryChannel<string>();
    const [sendB, b] = openMemoryChannel<string>();
    const before = [a.statistics(), b.statistics()];
    const flow = begin(() => select([receiveCase(a), sendCase(sendB, "out"), receiveCase(a)]));
    flow.cancel();
    expect([a.statistics(), b.statistics()]).toEqual(before); // synchronously
    await flow.ended;
    expect(flow.result).toBe("cancelled");
    expect(thrownBy(() => sendA.sendNowait("in"))).toBeInstanceOf(WouldBlock);
    expect(thrownBy(() => b.receiveNowait())).toBeInstanceOf(WouldBlock);
  });

  it("law 6: delivered beats cancelled, and the next checkpoint raises", async () => {
    const [send, receive] = openMemoryChannel<string>();
    const log: unknown[] = [];
    const flow = begin(async () => {
      log.push(await select([receiveCase(receive)]));
      await checkpoint();
    });
    send.sendNowait("a");
    flow.cancel();
    await flow.ended;
    expect(log).toEqual([{ index: 0, value: "a" }]);
    expect(flow.result).toBe("cancelled");
  });

  it("a case whose channel is closed is ready and raises ClosedResourceError", async () => {
    const [send, receive] = openMemoryChannel<string>();
    const [, never] = openMemoryChannel<string>();
    const [sendClosed, receiveClosed] = openMemoryChannel<string>();
    sendClosed.close();
    receiveClosed.close();
    for (const closed of [sendCase(sendClosed, "a"), receiveCase(receiveClosed)]) {
      const cases: SelectCase<unknown>[] = [receiveCase(never), closed];
      expect(await rejection(select(cases))).toBeInstanceOf(ClosedResourceError);
    }
    expect(never.statistics().tasksWaitingReceive).toBe(0);
    const sender = begin(() => send.send("first"));
    expect(await select([receiveCase(receive), receiveCase(receiveClosed)])).toEqual({
      index: 0,
      value: "first",
    });
    await sender.ended;
  });

  it("a case whose channel has ended is ready and raises EndOfChannel", async () => {
    const [send, receive] = openMemoryChannel<string>();
    const [, never] = openMemoryChannel<string>();
    send.close();
    expect(await rejection(select([receiveCase(never), receiveCase(receive)]))).toBeInstanceOf(EndOfChannel);
  });

  it("a case without receivers is ready and raises BrokenResourceError with the item", async () => {
    const [send, receive] = openMemoryChannel<string>();
    const [, never] = openMemoryChannel<string>();
    receive.close();
    const error = (await rejection(select([receiveCase(never), sendCase(send, "a")]))) as BrokenResourceError;
    expect(error).toBeInstanceOf(BrokenResourceError);
    expect(error.unsent).toBe("a");
  });

  it.each([
    ["its own receiving end", "ClosedResourceError"],
    ["its own sending end", "ClosedResourceError"],
    ["the last sender", "EndOfChannel"],
    ["the last receiver", "BrokenResourceError"],
  ])("raises when %s is closed while it waits, and leaves all queues", async (which, name) => {
    const [sendA, a] = openMemoryChannel<string>();
    const [sendB, b] = openMemoryChannel<string>();
    const receiving = a.clone();
    const sending = sendB.clone();
    const flow = begin(() =>
      select([receiveCase(receiving), sendCase(sending, "out"), receiveCase(receiving)]),
    );
    if (which === "its own receiving end") receiving.close();
    if (which === "its own sending end") sending.close();
    if (which === "the last sender") sendA.close();
    if (which === "the last receiver") b.close();
    expect(a.statistics().tasksWaitingReceive).toBe(0);
    expect(b.statistics().tasksWaitingSend).toBe(0);
    await flow.ended;
    expect(flow.result).toBe(name);
  });

  it("the same cases can be used again and again", async () => {
    const [sendA, a] = openMemoryChannel<number>(4);
    const [sendB, b] = openMemoryChannel<string>(4);
    const cases = [receiveCase(a), receiveCase(b)] as const;
    sendA.sendNowait(1);
    sendB.sendNowait("x");
    sendA.sendNowait(2);
    const got = [await select(cases), await select(cases), await select(cases)];
    expect(got).toEqual([
      { index: 0, value: 1 },
      { index: 0, value: 2 },
      { index: 1, value: "x" },
    ]);
  });

  it("law 13: select([]) is a MisuseError that names the remedy", async () => {
    expect(await rejection(select([]))).toBeInstanceOf(MisuseError);
    await expect(select([])).rejects.toThrow("would wait for ever; give it at least one case");
  });

  it("law 13: refuses what is no list of cases, as a rejection", async () => {
    const [send, receive] = openMemoryChannel<string>();
    for (const wrong of [undefined, receiveCase(receive), "cases"])
      await expect(select(wrong as unknown as SelectCase<unknown>[])).rejects.toThrow(
        "select needs a list of cases: select([receiveCase(channel), sendCase(channel, item)]).",
      );
    for (const wrong of [
      receive,
      send,
      null,
      undefined,
      () => receive.receive(),
      receive.receive.bind(receive),
    ])
      await expect(select([receiveCase(receive), wrong as unknown as SelectCase<unknown>])).rejects.toThrow(
        "select: case 1 is no case; make it with receiveCase(channel)",
      );
    expect(receive.statistics().tasksWaitingReceive).toBe(0);
  });

  it("law 13: wrong arguments are told before the cancellation", async () => {
    expect(await rejection(inCancelledScope(() => select([])))).toBeInstanceOf(MisuseError);
  });

  it("shows in the task tree", async () => {
    const [, receive] = openMemoryChannel<string>();
    const flow = begin(() => select([receiveCase(receive)]), "a selector");
    expect(taskTree()).toContainEqual(
      expect.objectContaining({ name: "a selector", waitingFor: "channel.select" }),
    );
    flow.cancel();
    await flow.ended;
  });

  it("never holds an item for a case that has lost: a thousand selects on two channels", async () => {
    const [sendA, a] = openMemoryChannel<number>();
    const [sendB, b] = openMemoryChannel<number>();
    const flows = Array.from({ length: 1000 }, () => begin(() => select([receiveCase(a), receiveCase(b)])));
    for (let i = 0; i < 1000; i++) (i % 3 === 0 ? sendA : sendB).sendNowait(i);
    await Promise.all(flows.map((flow) => flow.ended));
    const values = flows.map((flow) => (flow.result as { value: number }).value);
    expect(values).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    expect([a, b].map((each) => each.statistics().tasksWaitingReceive)).toEqual([0, 0]);
  });
});

describe("receiveCase", () => {
  it("takes a subscription, events and deliveries", async () => {
    const { send, subscribe } = openBroadcastChannel<string>({ capacity: 1, overflow: "error" });
    const emitter = new EventEmitter();
    using events = fromEvents<number>(emitter, "tick", { capacity: 1, overflow: "error" });
    const [sendJob, jobs] = openRetryingChannel<string>();
    const news = subscribe();
    const cases = [receiveCase(news), receiveCase(events), receiveCase(jobs)] as const;
    const first = begin(() => select(cases));
    send.sendNowait("news");
    const second = begin(() => select(cases));
    emitter.emit("tick", 7);
    const third = begin(() => select(cases));
    const sender = begin(() => sendJob.send("job"));
    await Promise.all([first.ended, second.ended, third.ended]);
    expect(first.result).toEqual({ index: 0, value: "news" });
    expect(second.result).toEqual({ index: 1, value: 7 });
    expect(third.result).toMatchObject({ index: 2, value: { value: "job", attempt: 1 } });
    sender.cancel();
    await sender.ended;
    expect([news, events, jobs].map((each) => each.statistics().tasksWaitingReceive)).toEqual([0, 0, 0]);
  });

  it("law 13: refuses what is no receiving end", () => {
    const [send] = openMemoryChannel<string>();
    const [, watch] = openWatchChannel(1);
    for (const wrong of [undefined, null, 5, send, watch, new EventEmitter()]) {
      expect(() => receiveCase(wrong as never)).toThrow(TypeError);
      expect(() => receiveCase(wrong as never)).toThrow("receiveCase needs the receiving end of a channel.");
    }
  });
});

describe("sendCase", () => {
  it("law 13: refuses what is no sending end of a memory channel", () => {
    const [, receive] = openMemoryChannel<string>();
    const [retrying] = openRetryingChannel<string>();
    const { send } = openBroadcastChannel<string>({ capacity: 1, overflow: "error" });
    for (const wrong of [undefined, null, 5, receive, retrying, send]) {
      expect(() => sendCase(wrong as never, "a" as never)).toThrow(TypeError);
      expect(() => sendCase(wrong as never, "a" as never)).toThrow(
        "sendCase needs the sending end of a memory channel.",
      );
    }
  });
});

import {
  BrokenResourceError,
  Cancelled,
  checkpoint,
  ClosedResourceError,
  currentTime,
  EndOfChannel,
  formatTaskTree,
  run,
  sleep,
  sleepForever,
  taskTree,
  WouldBlock,
} from "@espalier/core";
import { MockClock } from "@espalier/core/testing";
import {
  type Delivery,
  DeliveryFailedError,
  openRetryingChannel,
  type RetryingOptions,
  RetryingReceiveChannel,
  RetryingSendChannel,
} from "@espalier/channel";
import { rejection, thrownBy } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

import { begin, inCancelledScope, turns } from "./support/flow.ts";
import { joinAll, spawn } from "./support/task.ts";

const virtually = <T>(body: () => Promise<T>): Promise<T> =>
  run(body, { clock: new MockClock({ autojumpThresholdMs: 0 }) });

const idle = {
  openSendChannels: 1,
  openReceiveChannels: 1,
  tasksWaitingSend: 0,
  tasksWaitingReceive: 0,
  itemsInLine: 0,
  itemsHeld: 0,
  itemsResting: 0,
  failedAttempts: 0,
};

describe("openRetryingChannel", () => {
  it("gives two ends", () => {
    const [send, receive] = openRetryingChannel<string>();
    expect(send).toBeInstanceOf(RetryingSendChannel);
    expect(receive).toBeInstanceOf(RetryingReceiveChannel);
    expect(send.statistics()).toEqual(idle);
    expect(receive.statistics()).toEqual(idle);
  });

  it.each([
    [{ maxAttempts: 0 }, RangeError, "openRetryingChannel.maxAttempts needs 1, 2, ... or Infinity, not 0."],
    [{ maxAttempts: 1.5 }, RangeError, "not 1.5"],
    [{ maxAttempts: NaN }, RangeError, "not NaN"],
    [{ maxAttempts: "3" }, TypeError, "openRetryingChannel.maxAttempts needs a number, not string."],
    [{ backoff: -1 }, RangeError, "openRetryingChannel.backoff needs a duration of 0 ms or more, not -1."],
    [{ backoff: NaN }, RangeError, "not NaN"],
    [{ backoff: Infinity }, RangeError, "the item would rest for ever"],
    [{ backoff: "1s" }, TypeError, "openRetryingChannel.backoff needs a function, not a string."],
  ])("law 13: refuses %o", (options, type, message) => {
    expect(() => openRetryingChannel(options as RetryingOptions)).toThrow(type);
    expect(() => openRetryingChannel(options as RetryingOptions)).toThrow(message);
  });
});

describe("send", () => {
  it("returns when the item has been processed, not when it was received", async () => {
    const [send, receive] = openRetryingChannel<string>();
    const sender = begin(() => send.send("a"));
    const delivery = await receive.receive();
    await turns(3);
    expect(sender.waits).toBe(true);
    expect(delivery).toMatchObject({ value: "a", attempt: 1 });
    expect(delivery.ack()).toBe(true);
    await sender.ended;
    expect(sender.standing).toEqual({ kind: "value", value: undefined });
    expect(send.statistics()).toEqual(idle);
  });

  it("law 8: items are received first come, first served", async () => {
    const [send, receive] = openRetryingChannel<number>();
    const senders = [0, 1, 2].map((i) => begin(() => send.send(i)));
    for (let i = 0; i < 3; i++) {
      const delivery = await receive.receive();
      expect(delivery.value).toBe(i);
      delivery.ack();
    }
    await Promise.all(senders.map((sender) => sender.ended));
  });

  it("law 4: raises in a cancelled scope, and sends nothing", async () => {
    const [send] = openRetryingChannel<string>();
    expect(await rejection(inCancelledScope(() => send.send("a")))).toBeInstanceOf(Cancelled);
    expect(send.statistics()).toEqual(idle);
  });

  it("law 5: cancelled while the item is in line, it has sent nothing", async () => {
    const [send, receive] = openRetryingChannel<string>();
    const sender = begin(() => send.send("lost"));
    const other = begin(() => send.send("b"));
    expect(send.statistics()).toMatchObject({ itemsInLine: 2, tasksWaitingSend: 2 });
    sender.cancel();
    expect(send.statistics()).toMatchObject({ itemsInLine: 1, tasksWaitingSend: 1 }); // synchronously
    await sender.ended;
    expect(sender.result).toBe("cancelled");
    const delivery = receive.receiveNowait();
    expect(delivery.value).toBe("b");
    delivery.ack();
    await other.ended;
  });

  it("cancelled while the item is being processed: it may be processed, ack() says false, it is not tried again", async () => {
    const [send, receive] = openRetryingChannel<string>();
    const first = begin(() => send.send("a"));
    const second = begin(() => send.send("b"));
    const third = begin(() => send.send("c"));
    const [a, b, c] = [receive.receiveNowait(), receive.receiveNowait(), receive.receiveNowait()];
    for (const sender of [first, second, third]) sender.cancel();
    expect(send.statistics()).toMatchObject({ itemsHeld: 3, tasksWaitingSend: 0 });
    expect(a.ack()).toBe(false);
    expect(b.nack(new Error("b"))).toBe(false);
    expect(c.giveBack()).toBe(false);
    expect(send.statistics()).toEqual({ ...idle, failedAttempts: 1 });
    await Promise.all([first.ended, second.ended, third.ended]);
    expect(first.result).toBe("cancelled");
  });

  it("law 6: acknowledged beats cancelled, and the next checkpoint raises", async () => {
    const [send, receive] = openRetryingChannel<string>();
    const log: string[] = [];
    const sender = begin(async () => {
      await send.send("a");
      log.push("processed");
      await checkpoint();
    });
    expect(receive.receiveNowait().ack()).toBe(true);
    sender.cancel();
    await sender.ended;
    expect(log).toEqual(["processed"]);
    expect(sender.result).toBe("cancelled");
  });

  it("raises ClosedResourceError when its own end is closed, before it sends, in line, held and resting", async () => {
    await virtually(async () => {
      const [send, receive] = openRetryingChannel<string>({ backoff: 1000 });
      const sibling = send.clone();
      const [resting, held, inLine, others] = [
        begin(() => send.send("resting")),
        begin(() => send.send("held")),
        begin(() => send.send("in line")),
        begin(() => sibling.send("other")),
      ] as const;
      receive.receiveNowait().nack();
      const delivery = receive.receiveNowait();
      expect(send.statistics()).toMatchObject({ itemsResting: 1, itemsHeld: 1, itemsInLine: 2 });
      send.close();
      expect(send.statistics()).toMatchObject({
        itemsResting: 0,
        itemsHeld: 1,
        itemsInLine: 1,
        tasksWaitingSend: 1,
      });
      await sleep(1);
      expect([resting, held, inLine].map((sender) => sender.result)).toEqual(
        Array(3).fill("ClosedResourceError"),
      );
      expect(delivery.ack()).toBe(false);
      expect(await rejection(send.send("late"))).toBeInstanceOf(ClosedResourceError);
      expect(others.waits).toBe(true);
      receive.receiveNowait().ack();
      await others.ended;
      await sleep(2000);
      expect(thrownBy(() => receive.receiveNowait())).toBeInstanceOf(WouldBlock);
    });
  });

  it("raises BrokenResourceError with the item when no receiver is left: before, in line, held and resting", async () => {
    await virtually(async () => {
      const [send, receive] = openRetryingChannel<string>({ backoff: 1000 });
      const failure = new Error("the last attempt");
      const senders = ["resting", "held", "in line"].map((item) => begin(() => send.send(item)));
      receive.receiveNowait().nack(failure);
      const delivery = receive.receiveNowait();
      receive.close();
      expect(send.statistics()).toEqual({ ...idle, openReceiveChannels: 0, failedAttempts: 1 });
      await sleep(1);
      for (const [i, item] of ["resting", "held", "in line"].entries()) {
        const { error } = senders[i]!.standing as { error: BrokenResourceError };
        expect(error).toBeInstanceOf(BrokenResourceError);
        expect(error.unsent).toBe(item);
        expect(error.cause).toBe(item === "resting" ? failure : undefined);
      }
      expect(delivery.ack()).toBe(false);
      expect(((await rejection(send.send("late"))) as BrokenResourceError).unsent).toBe("late");
    });
  });

  it("shows in the task tree what it waits for, its rest included", async () => {
    const [send, receive] = openRetryingChannel<string>({ backoff: 60_000 });
    const sender = begin(() => send.send("a"), "a producer");
    expect(taskTree()).toContainEqual(
      expect.objectContaining({ name: "a producer", waitingFor: "channel.send", children: [] }),
    );
    receive.receiveNowait().nack();
    expect(formatTaskTree()).toContain('scope "retry after 60000 ms": open');
    sender.cancel();
    expect(formatTaskTree()).not.toContain("retry after");
    await sender.ended;
  });
});

describe("receive", () => {
  it("takes an item in line at once", async () => {
    const [send, receive] = openRetryingChannel<string>();
    const sender = begin(() => send.send("a"));
    (await receive.receive()).ack();
    await sender.ended;
  });

  it("waits for an item", async () => {
    const [send, receive] = openRetryingChannel<string>();
    const receiver = begin(() => receive.receive());
    await turns();
    expect(receive.statistics()).toMatchObject({ tasksWaitingReceive: 1 });
    const sender = begin(() => send.send("a"));
    await receiver.ended;
    expect(send.statistics()).toMatchObject({ itemsHeld: 1, itemsInLine: 0, tasksWaitingReceive: 0 });
    (receiver.result as Delivery<string>).ack();
    await sender.ended;
  });

  it("law 4 and 5: cancelled before or while it waits, it has taken nothing", async () => {
    const [send, receive] = openRetryingChannel<string>();
    const receiver = begin(() => receive.receive());
    receiver.cancel();
    expect(receive.statistics()).toEqual(idle);
    await receiver.ended;
    expect(receiver.result).toBe("cancelled");
    const sender = begin(() => send.send("a"));
    expect(await rejection(inCancelledScope(() => receive.receive()))).toBeInstanceOf(Cancelled);
    expect(receive.statistics()).toMatchObject({ itemsInLine: 1, itemsHeld: 0 });
    receive.receiveNowait().ack();
    await sender.ended;
  });

  it("raises EndOfChannel when all senders have closed, before and while it waits; a loop ends", async () => {
    const [send, receive] = openRetryingChannel<string>();
    const clone = send.clone();
    const receiver = begin(() => receive.receive());
    const loop = begin(async () => {
      for await (const _ of receive);
      return "ended";
    });
    send.close();
    await turns();
    expect(receiver.waits).toBe(true);
    clone.close();
    await Promise.all([receiver.ended, loop.ended]);
    expect(receiver.result).toBe("EndOfChannel");
    expect(loop.result).toBe("ended");
    expect(await rejection(receive.receive())).toBeInstanceOf(EndOfChannel);
  });

  it("raises ClosedResourceError when its own end is closed, before and while it waits", async () => {
    const [, receive] = openRetryingChannel<string>();
    const sibling = receive.clone();
    const receiver = begin(() => receive.receive());
    const other = begin(() => sibling.receive());
    receive.close();
    await receiver.ended;
    expect(receiver.result).toBe("ClosedResourceError");
    expect(other.waits).toBe(true);
    expect(await rejection(receive.receive())).toBeInstanceOf(ClosedResourceError);
    expect(thrownBy(() => receive.clone())).toBeInstanceOf(ClosedResourceError);
    other.cancel();
    await other.ended;
  });

  it("law 8: receiveNowait() does not overtake a receiver that waits", async () => {
    const [send, receive] = openRetryingChannel<string>();
    const receiver = begin(() => receive.receive());
    const sender = begin(() => send.send("a"));
    expect(thrownBy(() => receive.receiveNowait())).toBeInstanceOf(WouldBlock);
    await receiver.ended;
    (receiver.result as Delivery<string>).ack();
    await sender.ended;
  });
});

describe("Delivery", () => {
  it("ack() says whether the sender still waited; a second one does nothing", async () => {
    const [send, receive] = openRetryingChannel<string>();
    const sender = begin(() => send.send("a"));
    const delivery = receive.receiveNowait();
    expect(delivery.ack()).toBe(true);
    expect(delivery.ack()).toBe(false);
    expect(delivery.nack()).toBe(false);
    expect(delivery.giveBack()).toBe(false);
    await sender.ended;
    expect(sender.standing.kind).toBe("value");
    expect(send.statistics()).toEqual(idle);
  });

  it("nack() gives the item to a receiver that waits, at once, as the next attempt", async () => {
    const [send, receive] = openRetryingChannel<string>();
    const sender = begin(() => send.send("a"));
    const first = receive.receiveNowait();
    const receiver = begin(() => receive.receive());
    expect(first.nack(new Error("no"))).toBe(true);
    expect(first.ack()).toBe(false); // it is somebody else's now
    await receiver.ended;
    const second = receiver.result as Delivery<string>;
    expect(second).toMatchObject({ value: "a", attempt: 2 });
    expect(sender.waits).toBe(true);
    expect(second.ack()).toBe(true);
    await sender.ended;
    expect(send.statistics()).toEqual({ ...idle, failedAttempts: 1 });
  });

  it("nack() puts the item at the end of the line when nobody waits", async () => {
    const [send, receive] = openRetryingChannel<string>();
    const senders = ["a", "b"].map((item) => begin(() => send.send(item)));
    receive.receiveNowait().nack();
    expect(receive.receiveNowait()).toMatchObject({ value: "b", attempt: 1 });
    const again = receive.receiveNowait();
    expect(again).toMatchObject({ value: "a", attempt: 2 });
    receive.close();
    await Promise.all(senders.map((sender) => sender.ended));
  });

  it("giveBack() puts the item in front of the line, and is no attempt", async () => {
    const [send, receive] = openRetryingChannel<string>({ maxAttempts: 1 });
    const senders = ["a", "b", "c"].map((item) => begin(() => send.send(item)));
    const [a, b] = [receive.receiveNowait(), receive.receiveNowait()];
    expect(a.giveBack()).toBe(true);
    expect(b.giveBack()).toBe(true);
    expect(a.ack()).toBe(false);
    const values = [1, 2, 3].map(() => receive.receiveNowait());
    expect(values).toMatchObject([
      { value: "a", attempt: 1 },
      { value: "b", attempt: 1 },
      { value: "c", attempt: 1 },
    ]);
    for (const delivery of values) expect(delivery.ack()).toBe(true);
    await Promise.all(senders.map((sender) => sender.ended));
  });

  it("a failed item goes to another receiver that waits, rather than to the one that failed", async () => {
    const [send, receive] = openRetryingChannel<string>();
    const other = receive.clone();
    const sender = begin(() => send.send("a"));
    const first = receive.receiveNowait();
    const [again, elsewhere] = [begin(() => receive.receive()), begin(() => other.receive())];
    first.nack();
    await turns();
    expect(again.waits).toBe(true); // it waited longer, but has just failed
    expect(elsewhere.result).toMatchObject({ value: "a", attempt: 2 });
    (elsewhere.result as Delivery<string>).ack();
    again.cancel();
    await Promise.all([sender.ended, again.ended]);
  });

  it("an idle clone does not starve the item: another receiver means one that waits", async () => {
    const [send, receive] = openRetryingChannel<string>();
    const idler = receive.clone();
    const sender = begin(() => send.send("a"));
    const first = receive.receiveNowait();
    const again = begin(() => receive.receive());
    first.nack();
    await again.ended;
    expect(again.result).toMatchObject({ attempt: 2 });
    (again.result as Delivery<string>).ack();
    await sender.ended;
    idler.close();
  });

  it("closing a receiver gives back what it has not settled, in order, and is no attempt", async () => {
    const [send, receive] = openRetryingChannel<string>({ maxAttempts: 1 });
    const dying = receive.clone();
    const senders = ["a", "b", "c"].map((item) => begin(() => send.send(item)));
    const [a, b] = [dying.receiveNowait(), dying.receiveNowait()];
    b.ack();
    dying.close();
    expect(a.ack()).toBe(false);
    expect(receive.receiveNowait()).toMatchObject({ value: "a", attempt: 1 });
    expect(receive.receiveNowait()).toMatchObject({ value: "c", attempt: 1 });
    receive.close();
    await Promise.all(senders.map((sender) => sender.ended));
    expect(senders.map((sender) => sender.result)).toEqual([
      "BrokenResourceError",
      undefined,
      "BrokenResourceError",
    ]);
  });

  it("closing a receiver gives what it has to one that waits", async () => {
    const [send, receive] = openRetryingChannel<string>();
    const dying = receive.clone();
    const sender = begin(() => send.send("a"));
    dying.receiveNowait();
    const receiver = begin(() => receive.receive());
    dying.close();
    await receiver.ended;
    (receiver.result as Delivery<string>).ack();
    await sender.ended;
    expect(sender.standing.kind).toBe("value");
  });
});

describe("maxAttempts", () => {
  it("run out: the sender gets DeliveryFailedError with the errors in order", async () => {
    const [send, receive] = openRetryingChannel<string>({ maxAttempts: 3 });
    const sender = begin(() => send.send("poison"));
    const errors = [new Error("first"), "second", new TypeError("third")];
    for (const [i, error] of errors.entries()) {
      const delivery = receive.receiveNowait();
      expect(delivery.attempt).toBe(i + 1);
      expect(delivery.nack(error)).toBe(true);
    }
    await sender.ended;
    const { error } = sender.standing as { error: DeliveryFailedError };
    expect(error).toBeInstanceOf(DeliveryFailedError);
    expect(error).toBeInstanceOf(AggregateError);
    expect(error.errors).toEqual(errors);
    expect(error.unsent).toBe("poison");
    expect(error.name).toBe("DeliveryFailedError");
    expect(error.message).toBe(
      "The item was not processed in 3 attempts; it is in `unsent`. The last one failed with TypeError: third",
    );
    expect(send.statistics()).toEqual({ ...idle, failedAttempts: 3 });
  });

  it("an error that cannot be put into words still reaches the sender", async () => {
    const mute = Object.defineProperty(new Error("x"), "message", {
      get: () => {
        throw new TypeError("no message");
      },
    });
    for (const odd of [Object.create(null) as object, mute]) {
      const [send, receive] = openRetryingChannel<string>({ maxAttempts: 1 });
      const sender = begin(() => send.send("a"));
      expect(receive.receiveNowait().nack(odd)).toBe(true);
      await sender.ended;
      const { error } = sender.standing as { error: DeliveryFailedError };
      expect(error.errors[0]).toBe(odd);
      expect(error.message).toContain("something that has no text");
    }
  });

  it("a nack() without an error is told as such", async () => {
    const [send, receive] = openRetryingChannel<string>({ maxAttempts: 1 });
    const sender = begin(() => send.send("a"));
    receive.receiveNowait().nack();
    await sender.ended;
    const { error } = sender.standing as { error: DeliveryFailedError };
    expect(error.message).toContain("1 attempt;");
    error.name = "Renamed"; // as tools do
    expect(String(error)).toContain("Renamed: The item");
    expect((error.errors[0] as Error).message).toBe("Attempt 1 was refused by nack().");
  });

  it("a handler that throws undefined is not told as a nack() without an error, nor is nack(undefined)", async () => {
    const [send, receive] = openRetryingChannel<string>({ maxAttempts: 2 });
    const sender = begin(() => send.send("a"));
    receive.receiveNowait().nack(undefined);
    const handling = begin(() => receive.process(() => Promise.reject(undefined)));
    await sender.ended;
    const { error } = sender.standing as { error: DeliveryFailedError };
    expect(error.errors).toEqual([undefined, undefined]);
    expect(error.message).toContain("The last one failed with undefined");
    send.close();
    await handling.ended;
  });

  it("is unlimited by default", async () => {
    const [send, receive] = openRetryingChannel<string>();
    const sender = begin(() => send.send("a"));
    for (let i = 1; i <= 1000; i++) {
      const delivery = receive.receiveNowait();
      expect(delivery.attempt).toBe(i);
      delivery.nack();
    }
    receive.receiveNowait().ack();
    await sender.ended;
    expect(sender.standing.kind).toBe("value");
  });
});

describe("backoff", () => {
  it("of so many milliseconds lets a failed item rest, while others go on", async () => {
    await virtually(async () => {
      const [send, receive] = openRetryingChannel<string>({ backoff: 100 });
      const sender = begin(() => send.send("a"));
      receive.receiveNowait().nack();
      expect(send.statistics()).toMatchObject({ itemsResting: 1, tasksWaitingSend: 1 });
      const other = begin(() => send.send("b"));
      expect((await receive.receive()).ack()).toBe(true);
      await other.ended;
      expect(currentTime()).toBe(0);
      const delivery = await receive.receive();
      expect(currentTime()).toBe(100);
      expect(formatTaskTree()).not.toContain("retry after");
      expect(delivery).toMatchObject({ value: "a", attempt: 2 });
      delivery.ack();
      await sender.ended;
    });
  });

  it("as a function is asked with the number of failed attempts", async () => {
    await virtually(async () => {
      const asked: number[] = [];
      const [send, receive] = openRetryingChannel<string>({
        maxAttempts: 4,
        backoff: (failedAttempt) => {
          asked.push(failedAttempt);
          return 10 * 2 ** failedAttempt;
        },
      });
      const sender = begin(() => send.send("a"));
      const times: number[] = [];
      for (let i = 0; i < 4; i++) {
        const delivery = await receive.receive();
        times.push(currentTime());
        delivery.nack();
      }
      await sender.ended;
      expect(sender.result).toBe("DeliveryFailedError");
      expect(asked).toEqual([1, 2, 3]); // not after the last one
      expect(times).toEqual([0, 20, 60, 140]);
    });
  });

  it("cancelled during the rest, the item is gone and no timer is left", async () => {
    await virtually(async () => {
      const [send, receive] = openRetryingChannel<string>({ backoff: 100 });
      const sender = begin(() => send.send("a"));
      receive.receiveNowait().nack();
      sender.cancel();
      expect(send.statistics()).toEqual({ ...idle, failedAttempts: 1 }); // synchronously
      await sender.ended;
      await sleep(200);
      expect(thrownBy(() => receive.receiveNowait())).toBeInstanceOf(WouldBlock);
    });
  });

  it("that fails, or gives no duration, is told to the sender", async () => {
    const mistake = new Error("backoff is broken");
    for (const [backoff, expected] of [
      [() => -5, "openRetryingChannel.backoff needs a duration of 0 ms or more, not -5."],
      [() => Infinity, "the item would rest for ever"],
      [() => "soon" as unknown as number, "openRetryingChannel.backoff needs a number of milliseconds"],
      [
        () => {
          throw mistake;
        },
        mistake.message,
      ],
    ] as const) {
      const [send, receive] = openRetryingChannel<string>({ backoff });
      const sender = begin(() => send.send("a"));
      expect(receive.receiveNowait().nack()).toBe(true);
      await sender.ended;
      expect((sender.standing as { error: Error }).error.message).toContain(expected);
      expect(send.statistics()).toEqual({ ...idle, failedAttempts: 1 });
    }
  });

  it("on real time, with a rest so short that it is over at once", async () => {
    const [send, receive] = openRetryingChannel<number>({ backoff: 1e-6 });
    for (let i = 0; i < 200; i++) {
      const sender = begin(() => send.send(i));
      receive.receiveNowait().nack();
      const delivery = await receive.receive();
      expect(delivery).toMatchObject({ value: i, attempt: 2 });
      expect(delivery.ack()).toBe(true);
      await sender.ended;
    }
  });
});

describe("process", () => {
  it("handles items until the channel ends, and acknowledges them", async () => {
    const [send, receive] = openRetryingChannel<number>();
    const handled: [number, number][] = [];
    const processor = begin(() =>
      receive.process(async (value, delivery) => {
        await checkpoint();
        handled.push([value, delivery.attempt]);
      }),
    );
    for (let i = 0; i < 3; i++) {
      await send.send(i);
      expect(handled.length).toBe(i + 1); // the sender goes on when it has been processed
    }
    send.close();
    await processor.ended;
    expect(processor.standing).toEqual({ kind: "value", value: undefined });
    expect(handled).toEqual([
      [0, 1],
      [1, 1],
      [2, 1],
    ]);
  });

  it("takes a synchronous handler too", async () => {
    const [send, receive] = openRetryingChannel<number>();
    const handled: number[] = [];
    const processor = begin(() => receive.process((value) => handled.push(value)));
    await send.send(5);
    send.close();
    await processor.ended;
    expect(handled).toEqual([5]);
  });

  it("an item whose handler fails goes to the same receiver where it is alone", async () => {
    const [send, receive] = openRetryingChannel<string>();
    const attempts: number[] = [];
    const processor = begin(() =>
      receive.process((_, { attempt }) => {
        attempts.push(attempt);
        if (attempt < 3) throw new Error("not yet");
      }),
    );
    await send.send("a");
    expect(attempts).toEqual([1, 2, 3]);
    send.close();
    await processor.ended;
  });

  it("an item whose handler fails goes to another receiver that waits", async () => {
    const [send, receive] = openRetryingChannel<string>();
    const log: string[] = [];
    const processors = ["bad", "good"].map((name) => {
      const end = receive.clone();
      return begin(() =>
        end.process(async (value) => {
          log.push(`${name} ${value}`);
          await checkpoint();
          if (name === "bad") throw new Error("bad luck");
        }),
      );
    });
    receive.close();
    await send.send("a");
    await send.send("b");
    expect(log.filter((line) => line.startsWith("good"))).toEqual(["good a", "good b"]);
    send.close();
    await Promise.all(processors.map((processor) => processor.ended));
  });

  it("the errors of handlers reach the sender when the attempts run out, and process goes on", async () => {
    const [send, receive] = openRetryingChannel<string>({ maxAttempts: 2 });
    const processor = begin(() =>
      receive.process((value, { attempt }) => {
        if (value === "poison") throw new Error(`attempt ${attempt}`);
      }),
    );
    const error = (await rejection(send.send("poison"))) as DeliveryFailedError;
    expect(error.errors.map((each: Error) => each.message)).toEqual(["attempt 1", "attempt 2"]);
    await send.send("food");
    send.close();
    await processor.ended;
    expect(processor.standing.kind).toBe("value");
  });

  it("a handler that is cancelled gives its item back; another receiver gets it, and no attempt is counted", async () => {
    const [send, receive] = openRetryingChannel<string>({ maxAttempts: 1 });
    const doomed = begin(() => receive.process(() => sleepForever()));
    const sender = begin(() => send.send("a"));
    await turns();
    expect(send.statistics()).toMatchObject({ itemsHeld: 1 });
    doomed.cancel();
    await doomed.ended;
    expect(doomed.result).toBe("cancelled");
    expect(send.statistics()).toMatchObject({ itemsHeld: 0, itemsInLine: 1 });
    const attempts: number[] = [];
    const rescuer = begin(() => receive.process((_, { attempt }) => attempts.push(attempt)));
    await sender.ended;
    expect(sender.standing.kind).toBe("value");
    expect(attempts).toEqual([1]);
    send.close();
    await rescuer.ended;
  });

  it("a handler that fails while it is cancelled counts as an attempt", async () => {
    const [send, receive] = openRetryingChannel<string>({ maxAttempts: 1 });
    const doomed = begin(() =>
      receive.process(async () => {
        try {
          await sleepForever();
        } catch {
          throw new Error("the cleanup failed");
        }
      }),
    );
    const sender = begin(() => send.send("a"));
    await turns();
    doomed.cancel();
    await sender.ended;
    expect((sender.standing as { error: DeliveryFailedError }).error.errors).toEqual([
      new Error("the cleanup failed"),
    ]);
    await doomed.ended;
    expect(doomed.result).toBe("cancelled");
  });

  it("law 4: is cancelled before it takes an item", async () => {
    const [send, receive] = openRetryingChannel<string>();
    const sender = begin(() => send.send("a"));
    let handled = 0;
    expect(await rejection(inCancelledScope(() => receive.process(() => handled++)))).toBeInstanceOf(
      Cancelled,
    );
    expect(handled).toBe(0);
    expect(send.statistics()).toMatchObject({ itemsInLine: 1, itemsHeld: 0 });
    sender.cancel();
    await sender.ended;
  });

  it("closing the end in the middle: the item goes to another receiver, process raises ClosedResourceError", async () => {
    const [send, receive] = openRetryingChannel<string>();
    const dying = receive.clone();
    let finish!: () => void;
    const processor = begin(() => dying.process(() => new Promise<void>((resolve) => (finish = resolve))));
    const sender = begin(() => send.send("a"));
    await turns();
    dying.close();
    const delivery = receive.receiveNowait();
    expect(delivery).toMatchObject({ value: "a", attempt: 1 });
    finish();
    await processor.ended;
    expect(processor.result).toBe("ClosedResourceError");
    expect(sender.waits).toBe(true); // the acknowledgement of the closed end counts for nothing
    delivery.ack();
    await sender.ended;
  });

  it("an error after the handler has settled its delivery ends process, as nobody else would hear of it", async () => {
    const [send, receive] = openRetryingChannel<string>();
    const processor = begin(() =>
      receive.process((_, delivery) => {
        delivery.ack();
        throw new Error("afterwards");
      }),
    );
    await send.send("a");
    await processor.ended;
    expect((processor.standing as { error: Error }).error.message).toBe("afterwards");
  });

  it("a handler may settle its delivery itself", async () => {
    const [send, receive] = openRetryingChannel<string>({ maxAttempts: 2 });
    const attempts: number[] = [];
    const processor = begin(() =>
      receive.process((_, delivery) => {
        attempts.push(delivery.attempt);
        if (delivery.attempt === 1) delivery.nack();
      }),
    );
    await send.send("a");
    expect(attempts).toEqual([1, 2]);
    send.close();
    await processor.ended;
  });

  it("the sender that has gone is not missed: process goes on with the next item", async () => {
    const [send, receive] = openRetryingChannel<string>();
    let fail!: () => void;
    const processor = begin(() =>
      receive.process((value) =>
        value === "a"
          ? new Promise<void>((_, reject) => (fail = () => reject(new Error("late"))))
          : undefined,
      ),
    );
    const sender = begin(() => send.send("a"));
    await turns();
    sender.cancel();
    fail();
    await send.send("b");
    expect(send.statistics()).toMatchObject({ failedAttempts: 1, itemsHeld: 0, itemsInLine: 0 });
    send.close();
    await processor.ended;
    expect(processor.standing.kind).toBe("value");
  });

  it("law 13: refuses what is no function, as a rejection", async () => {
    const [, receive] = openRetryingChannel<string>();
    await expect(receive.process(undefined as never)).rejects.toThrow(
      "process needs a function, not undefined.",
    );
    await expect(receive.process(Promise.resolve() as never)).rejects.toThrow("you passed a promise");
  });
});

describe("the essay's last problem", () => {
  it("of five consumers some fail, some die: every item is processed, the producer knows it", async () => {
    await virtually(async () => {
      const [send, receive] = openRetryingChannel<number>();
      const done: number[] = [];
      const consumers = [0, 1, 2, 3, 4].map((i) => {
        const end = receive.clone();
        return spawn(async () => {
          using mine = end;
          let eaten = 0;
          for await (const delivery of mine) {
            await sleep(1 + i);
            if (i < 3 && eaten++ === 2)
              throw new Error(`consumer ${i} dies with item ${delivery.value} in its mouth`);
            done.push(delivery.value);
            delivery.ack();
          }
        });
      });
      receive.close();
      const producer = spawn(async () => {
        using mine = send;
        for (let i = 0; i < 40; i++) {
          await mine.send(i);
          expect(done).toContain(i);
        }
      });
      await joinAll([...consumers, producer]);
      expect(producer.status).toBe("succeeded");
      expect(done).toEqual(Array.from({ length: 40 }, (_, i) => i));
      expect(consumers.filter((task) => task.status === "failed").length).toBeGreaterThan(0);
    });
  });

  it("when the last consumer dies, the producer gets BrokenResourceError with the item it had", async () => {
    await virtually(async () => {
      const [send, receive] = openRetryingChannel<string>();
      const consumer = spawn(async () => {
        using mine = receive;
        await mine.receive();
        await sleep(10);
        throw new Error("died");
      });
      const error = (await rejection(send.send("a"))) as BrokenResourceError;
      expect(error).toBeInstanceOf(BrokenResourceError);
      expect(error.unsent).toBe("a");
      await consumer.join();
    });
  });
});

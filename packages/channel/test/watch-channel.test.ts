import {
  BrokenResourceError,
  Cancelled,
  checkpoint,
  ClosedResourceError,
  EndOfChannel,
  taskTree,
} from "@espalier/core";
import { openWatchChannel, WatchReceiveChannel, WatchSendChannel } from "@espalier/channel";
import { rejection, thrownBy } from "@espalier/test-support";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { begin, type Flow, inCancelledScope, turns } from "./support/flow.ts";

describe("openWatchChannel", () => {
  it("holds the initial value", () => {
    const [send, receive] = openWatchChannel("first");
    expect(send).toBeInstanceOf(WatchSendChannel);
    expect(receive).toBeInstanceOf(WatchReceiveChannel);
    expect(receive.value).toBe("first");
    expect(receive.statistics()).toEqual({
      openSendChannels: 1,
      openReceiveChannels: 1,
      tasksWaitingChanged: 0,
      changes: 0,
    });
  });
});

describe("set", () => {
  it("replaces the value for everybody, without waiting", () => {
    const [send, receive] = openWatchChannel(0);
    const clone = receive.clone();
    send.set(1);
    send.clone().set(2);
    expect([receive.value, clone.value]).toEqual([2, 2]);
    expect(send.statistics()).toMatchObject({ changes: 2 });
  });

  it("is no checkpoint: it works in a cancelled scope", async () => {
    const [send, receive] = openWatchChannel(0);
    await inCancelledScope(() => send.set(1));
    expect(receive.value).toBe(1);
  });

  it("raises ClosedResourceError when its end is closed", () => {
    const [send] = openWatchChannel(0);
    send.close();
    expect(thrownBy(() => send.set(1))).toBeInstanceOf(ClosedResourceError);
    expect(thrownBy(() => send.clone())).toBeInstanceOf(ClosedResourceError);
  });

  it("raises BrokenResourceError with the value when nobody is left to see it", () => {
    const [send, receive] = openWatchChannel(0);
    const clone = receive.clone();
    receive.close();
    send.set(1);
    clone.close();
    const error = thrownBy(() => send.set(2)) as BrokenResourceError;
    expect(error).toBeInstanceOf(BrokenResourceError);
    expect(error.unsent).toBe(2);
  });
});

describe("changed", () => {
  it("waits for a change; the initial value counts as seen", async () => {
    const [send, receive] = openWatchChannel("a");
    const waiter = begin(() => receive.changed());
    await turns();
    expect(waiter.waits).toBe(true);
    expect(receive.statistics().tasksWaitingChanged).toBe(1);
    send.set("b");
    await waiter.ended;
    expect(waiter.result).toBe("b");
  });

  it("counts from what this end last saw, so a change in between is not missed", async () => {
    const [send, receive] = openWatchChannel(0);
    send.set(1);
    expect(await receive.changed()).toBe(1); // at once
    const waiter = begin(() => receive.changed());
    await turns();
    expect(waiter.waits).toBe(true);
    send.set(2);
    send.set(3);
    await waiter.ended;
    expect(waiter.result).toBe(2);
    expect(await receive.changed()).toBe(3); // set before the waiter ran, and not lost
  });

  it("of several changes sees the latest, once", async () => {
    const [send, receive] = openWatchChannel(0);
    for (let i = 1; i <= 5; i++) send.set(i);
    expect(await receive.changed()).toBe(5);
    const waiter = begin(() => receive.changed());
    await turns();
    expect(waiter.waits).toBe(true);
    waiter.cancel();
    await waiter.ended;
  });

  it("reading the value does not count as having seen it", async () => {
    const [send, receive] = openWatchChannel(0);
    send.set(1);
    expect(receive.value).toBe(1);
    expect(await receive.changed()).toBe(1);
  });

  it("sees a change to an equal value too", async () => {
    const [send, receive] = openWatchChannel(0);
    send.set(0);
    expect(await receive.changed()).toBe(0);
  });

  it("each end remembers by itself; a clone has seen what its origin had seen", async () => {
    const [send, receive] = openWatchChannel(0);
    send.set(1);
    const behind = receive.clone();
    await receive.changed();
    const ahead = receive.clone();
    expect(await behind.changed()).toBe(1);
    const waiter = begin(() => ahead.changed());
    await turns();
    expect(waiter.waits).toBe(true);
    send.set(2);
    await waiter.ended;
    expect(waiter.result).toBe(2);
  });

  it("wakes all who wait, in the same end as well", async () => {
    const [send, receive] = openWatchChannel(0);
    const clone = receive.clone();
    const waiters = [receive, clone, receive].map((end) => begin(() => end.changed()));
    send.set(1);
    await Promise.all(waiters.map((waiter) => waiter.ended));
    expect(waiters.map((waiter) => waiter.result)).toEqual([1, 1, 1]);
  });

  it("law 4: raises in a cancelled scope and marks nothing as seen, also where a change is there", async () => {
    const [send, receive] = openWatchChannel(0);
    send.set(1);
    expect(await rejection(inCancelledScope(() => receive.changed()))).toBeInstanceOf(Cancelled);
    expect(await receive.changed()).toBe(1);
  });

  it("law 4: gives others a turn, also when it need not wait", async () => {
    const [send, receive] = openWatchChannel(0);
    let turned = false;
    setImmediate(() => (turned = true));
    for (let i = 0; i < 100_000 && !turned; i++) {
      send.set(i);
      await receive.changed();
    }
    expect(turned).toBe(true);
  });

  it("law 5: cancelled while it waits, it has seen nothing", async () => {
    const [send, receive] = openWatchChannel(0);
    const waiter = begin(() => receive.changed());
    waiter.cancel();
    expect(receive.statistics().tasksWaitingChanged).toBe(0); // synchronously
    send.set(1);
    await waiter.ended;
    expect(waiter.result).toBe("cancelled");
    expect(await receive.changed()).toBe(1);
  });

  it("law 6: delivered beats cancelled, and the next checkpoint raises", async () => {
    const [send, receive] = openWatchChannel(0);
    const log: number[] = [];
    const waiter = begin(async () => {
      log.push(await receive.changed());
      await checkpoint();
    });
    send.set(1);
    waiter.cancel();
    await waiter.ended;
    expect(log).toEqual([1]);
    expect(waiter.result).toBe("cancelled");
  });

  it("when the senders have closed, sees a last change, then raises EndOfChannel; the value stays readable", async () => {
    const [send, receive] = openWatchChannel(0);
    const clone = send.clone();
    send.set(1);
    send.close();
    clone.close();
    expect(await receive.changed()).toBe(1);
    expect(await rejection(receive.changed())).toBeInstanceOf(EndOfChannel);
    expect(receive.value).toBe(1);
  });

  it("raises EndOfChannel when the last sender closes while it waits", async () => {
    const [send, receive] = openWatchChannel(0);
    const clone = send.clone();
    const waiter = begin(() => receive.changed());
    send.close();
    await turns();
    expect(waiter.waits).toBe(true);
    clone.close();
    await waiter.ended;
    expect(waiter.result).toBe("EndOfChannel");
  });

  it("raises ClosedResourceError when its own end is closed, before and while it waits", async () => {
    const [, receive] = openWatchChannel(0);
    const sibling = receive.clone();
    const [waiter, other] = [begin(() => receive.changed()), begin(() => sibling.changed())];
    receive.close();
    await waiter.ended;
    expect(waiter.result).toBe("ClosedResourceError");
    expect(other.waits).toBe(true);
    expect(await rejection(receive.changed())).toBeInstanceOf(ClosedResourceError);
    expect(thrownBy(() => receive.value)).toBeInstanceOf(ClosedResourceError);
    expect(thrownBy(() => receive.clone())).toBeInstanceOf(ClosedResourceError);
    other.cancel();
    await other.ended;
  });

  it("shows in the task tree what it waits for", async () => {
    const [, receive] = openWatchChannel(0);
    const waiter = begin(() => receive.changed(), "a watcher");
    expect(taskTree()).toContainEqual(
      expect.objectContaining({ name: "a watcher", waitingFor: "channel.changed" }),
    );
    waiter.cancel();
    await waiter.ended;
  });
});

describe("for await", () => {
  it("gives the value at each change until the senders have closed; left early it closes nothing", async () => {
    const [send, receive] = openWatchChannel(0);
    const seen: number[] = [];
    const loop = begin(async () => {
      for await (const value of receive) {
        seen.push(value);
        if (value === 2) break;
      }
      for await (const value of receive) seen.push(value);
      return "ended";
    });
    for (const value of [1, 2, 3]) {
      send.set(value);
      await turns();
    }
    send.close();
    await loop.ended;
    expect(loop.result).toBe("ended");
    expect(seen).toEqual([1, 2, 3]);
  });

  it("law 4: is a checkpoint at each step, the last one included; a closed end is an error", async () => {
    const [send, receive] = openWatchChannel(0);
    const iterator = receive[Symbol.asyncIterator]();
    send.set(1);
    send.close();
    expect(await rejection(inCancelledScope(() => iterator.next()))).toBeInstanceOf(Cancelled);
    expect(await iterator.next()).toEqual({ done: false, value: 1 });
    expect(await rejection(inCancelledScope(() => iterator.next()))).toBeInstanceOf(Cancelled);
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
    receive.close();
    expect(await rejection(iterator.next())).toBeInstanceOf(ClosedResourceError);
  });
});

describe("close", () => {
  it("law 9: is idempotent, works in a cancelled scope, and is what `using` does", async () => {
    const [send, receive] = openWatchChannel(0);
    await inCancelledScope(() => {
      using sending = send.clone();
      using receiving = receive.clone();
      sending.close();
      receiving.close();
    });
    expect(send.statistics()).toMatchObject({ openSendChannels: 1, openReceiveChannels: 1 });
  });
});

describe("no change is lost", () => {
  it("who waits for changes ends up with the latest value, whatever the order of events", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom("set", "turn", "wait 0", "wait 1", "cancel 0", "cancel 1"), {
          maxLength: 60,
        }),
        async (steps) => {
          const [send, receive] = openWatchChannel(0);
          const ends = [receive, receive.clone()];
          const seen = [0, 0];
          const flows: (Flow<unknown> | undefined)[] = [undefined, undefined];
          let latest = 0;
          for (const step of steps) {
            const i = step.endsWith("1") ? 1 : 0;
            if (step === "set") send.set(++latest);
            else if (step === "turn") await turns();
            else if (step.startsWith("cancel")) flows[i]?.cancel();
            else if (flows[i]?.waits !== true) {
              const before = seen[i]!;
              const expected = latest > before ? latest : undefined;
              flows[i] = begin(async () => {
                const value = await ends[i]!.changed();
                expect(value).toBeGreaterThan(before);
                if (expected !== undefined) expect(value).toBe(expected);
                seen[i] = value;
              });
            }
          }
          for (const flow of flows) flow?.cancel();
          for (const flow of flows) await flow?.ended;
          for (const flow of flows) if (flow?.standing.kind === "error") throw flow.standing.error;
          for (const [i, end] of ends.entries()) {
            if (seen[i] !== latest) expect(await end.changed()).toBe(latest);
            else {
              const waiter = begin(() => end.changed());
              await turns();
              expect(waiter.waits).toBe(true);
              waiter.cancel();
            }
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});

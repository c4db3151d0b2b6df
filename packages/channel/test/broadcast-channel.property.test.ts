import { type BroadcastReceiveChannel, openBroadcastChannel, type Overflow } from "@espalier/channel";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { begin, type Flow, turns } from "./support/flow.ts";

/** A subscriber as naive as can be: what it has not received, and its receivers in line. */
interface ModelSubscriber {
  buffer: number[];
  receivers: number[];
  open: boolean;
  dropped: number;
}

/** A reference model of the broadcast channel. Flows are known by their numbers; `results` holds what became of them. */
class Model {
  readonly capacity: number;
  readonly overflow: Overflow;
  readonly subscribers: ModelSubscriber[] = [];
  senders: { readonly flow: number; readonly item: number }[] = [];
  readonly results: unknown[] = [];
  over = false;
  dropped = 0;

  constructor(capacity: number, overflow: Overflow) {
    this.capacity = capacity;
    this.overflow = overflow;
  }

  send(flow: number): unknown {
    if (this.over) return "ClosedResourceError";
    if (this.overflow === "error" && !this.everybodyHasRoom()) return "WouldBlock";
    if (this.overflow === "block" && (this.senders.length > 0 || !this.everybodyHasRoom())) {
      this.senders.push({ flow, item: flow });
      return "waits";
    }
    this.give(flow);
    return undefined;
  }

  receive(flow: number, index: number): unknown {
    const subscriber = this.subscribers[index]!;
    if (!subscriber.open) return "ClosedResourceError";
    subscriber.receivers.push(flow); // even if only for a moment: it counts as somebody who waits
    this.results[flow] = "waits";
    const item = subscriber.buffer.shift();
    if (item !== undefined) this.finish(flow, item);
    this.pump();
    if (this.results[flow] === "waits" && this.over) this.finish(flow, "EndOfChannel");
    return this.results[flow];
  }

  close(index: number): void {
    const subscriber = this.subscribers[index]!;
    subscriber.open = false;
    subscriber.buffer = [];
    for (const flow of subscriber.receivers) this.finish(flow, "ClosedResourceError");
    this.pump();
  }

  closeSend(): void {
    this.over = true;
    for (const { flow } of this.senders) this.finish(flow, "ClosedResourceError");
    for (const { receivers } of this.subscribers)
      for (const flow of receivers) this.finish(flow, "EndOfChannel");
  }

  finish(flow: number, result: unknown): void {
    if (this.results[flow] !== "waits") return;
    this.results[flow] = result;
    this.senders = this.senders.filter((each) => each.flow !== flow);
    for (const each of this.subscribers) each.receivers = each.receivers.filter((other) => other !== flow);
  }

  private pump(): void {
    for (
      let first = this.senders[0];
      first !== undefined && this.everybodyHasRoom();
      first = this.senders[0]
    ) {
      this.finish(first.flow, undefined);
      this.give(first.item);
    }
  }

  private everybodyHasRoom(): boolean {
    return this.subscribers.every(
      ({ open, buffer, receivers }) => !open || receivers.length > 0 || buffer.length < this.capacity,
    );
  }

  private give(item: number): void {
    const open = this.subscribers.filter((each) => each.open);
    if (open.length === 0) this.dropped++;
    for (const each of open) {
      const [receiver] = each.receivers;
      if (receiver !== undefined) this.finish(receiver, item);
      else if (each.buffer.length < this.capacity) each.buffer.push(item);
      else {
        each.dropped++;
        this.dropped++;
        if (this.overflow === "dropOldest" && this.capacity > 0)
          each.buffer = [...each.buffer.slice(1), item];
      }
    }
  }
}

describe("openBroadcastChannel", () => {
  it("laws 5, 6, 8: behaves as the reference model in every mode, with subscribers that come, go and are cancelled", async () => {
    const step = fc.record({
      kind: fc.constantFrom(
        "send",
        "send",
        "receive",
        "receive",
        "subscribe",
        "close",
        "cancel",
        "close send",
      ),
      which: fc.nat(20),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom<Overflow>("block", "block", "dropOldest", "dropNewest", "error"),
        fc.constantFrom(0, 1, 2),
        fc.array(step, { maxLength: 40, size: "max" }),
        async (overflow, capacity, steps) => {
          const model = new Model(capacity, overflow);
          const { send, subscribe } = openBroadcastChannel<number>({ capacity, overflow });
          const subscribers: BroadcastReceiveChannel<number>[] = [];
          const flows: Flow<unknown>[] = [];
          for (const { kind, which } of steps) {
            const flow = flows.length;
            const index = subscribers.length === 0 ? undefined : which % subscribers.length;
            if (kind === "send") {
              model.results[flow] = model.send(flow);
              flows.push(begin(() => send.send(flow)));
            } else if (kind === "receive" && index !== undefined) {
              model.results[flow] = model.receive(flow, index);
              flows.push(begin(() => subscribers[index]!.receive()));
            } else if (kind === "subscribe") {
              model.subscribers.push({ buffer: [], receivers: [], open: true, dropped: 0 });
              subscribers.push(subscribe());
            } else if (kind === "close" && index !== undefined) {
              model.close(index);
              subscribers[index]!.close();
            } else if (kind === "cancel") {
              const waiting = model.results.flatMap((result, i) => (result === "waits" ? [i] : []));
              if (waiting.length === 0) continue;
              const victim = waiting[which % waiting.length]!;
              model.finish(victim, "cancelled");
              flows[victim]!.cancel();
            } else if (kind === "close send" && which > 15) {
              model.closeSend();
              send.close();
            }
            await turns();
            expect(flows.map((each) => each.result)).toEqual(model.results);
            expect(send.statistics()).toEqual({
              openSendChannels: model.over ? 0 : 1,
              subscribers: model.subscribers.filter((each) => each.open).length,
              tasksWaitingSend: model.senders.length,
              itemsDropped: model.dropped,
            });
            for (const [i, each] of model.subscribers.entries()) {
              expect(subscribers[i]!.statistics()).toMatchObject({
                currentBufferUsed: each.buffer.length,
                tasksWaitingReceive: each.receivers.length,
                itemsDropped: each.dropped,
              });
            }
          }
          for (const flow of flows) flow.cancel();
          await Promise.all(flows.map((flow) => flow.ended));
        },
      ),
      { numRuns: 400 },
    );
  });
});

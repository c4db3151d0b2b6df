import {
  type MemoryReceiveChannel,
  type MemorySendChannel,
  receiveCase,
  select,
  type SelectCase,
  sendCase,
} from "@espalier/channel";
import fc from "fast-check";
import { expect } from "vitest";

import { begin, type Flow, turns } from "./flow.ts";

/*
 * A reference model of memory channels, as naive as can be, and the commands that drive it side by side with the real thing:
 * two channels, clones, closings, cancellations, selects over any mix of ends, calls that do not wait.
 */

/** What the property needs of the channel under test. */
export interface Opened {
  readonly send: MemorySendChannel<number>;
  readonly receive: MemoryReceiveChannel<number>;
  /** Looks whether its insides are right; called after every step. */
  readonly check: () => void;
}

interface ModelWait {
  readonly flow: number;
  readonly caseIndex: number;
  readonly end: number;
  /** Of a sender. */
  readonly item: number;
}

class ModelChannel {
  readonly capacity: number;
  buffer: number[] = [];
  peak = 0;
  senders: ModelWait[] = [];
  receivers: ModelWait[] = [];
  readonly sendOpen: boolean[] = [true];
  readonly receiveOpen: boolean[] = [true];

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get openSenders(): number {
    return this.sendOpen.filter(Boolean).length;
  }
  get openReceivers(): number {
    return this.receiveOpen.filter(Boolean).length;
  }

  statistics(): object {
    return {
      currentBufferUsed: this.buffer.length,
      maxBufferSize: this.capacity,
      openSendChannels: this.openSenders,
      openReceiveChannels: this.openReceivers,
      tasksWaitingSend: this.senders.length,
      tasksWaitingReceive: this.receivers.length,
      peakBufferUsed: this.peak,
    };
  }
}

/** How an operation of a flow is spelled, which decides what its result looks like. */
type Spelling = "send" | "receive" | "step" | "select";

export interface Case {
  readonly kind: "send" | "receive";
  readonly channel: number;
  /** Taken modulo the number of ends that there are. */
  readonly end: number;
}

const pending = Symbol("pending");

/** The state of the model: what is expected of every flow, and of every channel. */
class Model {
  readonly channels: ModelChannel[];
  /** The expected result of each flow, as `Flow.result` tells it. */
  readonly results: unknown[] = [];
  readonly spellings: Spelling[] = [];
  nextItem = 0;

  constructor(capacities: readonly number[]) {
    this.channels = capacities.map((capacity) => new ModelChannel(capacity));
  }

  /** Takes an operation in, whose cases are tried in order; gives what comes of it at once, or `pending`. */
  perform(flow: number, cases: readonly (Case & { readonly item: number })[]): unknown {
    for (const [caseIndex, each] of cases.entries()) {
      const outcome = each.kind === "send" ? this.trySend(each) : this.tryReceive(each);
      if (outcome === pending) continue;
      return typeof outcome === "string" ? outcome : this.spell(flow, caseIndex, outcome[0]);
    }
    for (const [caseIndex, each] of cases.entries()) {
      const channel = this.channels[each.channel]!;
      const queue = each.kind === "send" ? channel.senders : channel.receivers;
      queue.push({ flow, caseIndex, end: each.end, item: each.item });
    }
    return pending;
  }

  /** An error by name, or the value in a list of one. */
  trySend({ channel, end, item }: Case & { readonly item: number }): string | [unknown] | typeof pending {
    const model = this.channels[channel]!;
    if (!model.sendOpen[end]!) return "ClosedResourceError";
    if (model.openReceivers === 0) return "BrokenResourceError";
    const receiver = model.receivers[0];
    if (receiver !== undefined) {
      this.complete(receiver, item);
      return [undefined];
    }
    if (model.buffer.length === model.capacity) return pending;
    model.buffer.push(item);
    model.peak = Math.max(model.peak, model.buffer.length);
    return [undefined];
  }

  tryReceive({ channel, end }: Case): string | [unknown] | typeof pending {
    const model = this.channels[channel]!;
    if (!model.receiveOpen[end]!) return "ClosedResourceError";
    const sender = model.senders[0];
    if (sender !== undefined) {
      model.buffer.push(sender.item);
      this.complete(sender, undefined);
    }
    if (model.buffer.length > 0) return [model.buffer.shift()];
    return model.openSenders === 0 ? "EndOfChannel" : pending;
  }

  closeSend(channel: number, end: number): void {
    const model = this.channels[channel]!;
    if (!model.sendOpen[end]!) return;
    model.sendOpen[end] = false;
    for (const wait of [...model.senders])
      if (wait.end === end) this.finish(wait.flow, "ClosedResourceError");
    if (model.openSenders > 0) return;
    for (const wait of [...model.receivers])
      this.finish(wait.flow, this.spellings[wait.flow] === "step" ? "done" : "EndOfChannel");
  }

  closeReceive(channel: number, end: number): void {
    const model = this.channels[channel]!;
    if (!model.receiveOpen[end]!) return;
    model.receiveOpen[end] = false;
    for (const wait of [...model.receivers])
      if (wait.end === end) this.finish(wait.flow, "ClosedResourceError");
    if (model.openReceivers > 0) return;
    model.buffer = [];
    for (const wait of [...model.senders]) this.finish(wait.flow, "BrokenResourceError");
  }

  complete(wait: ModelWait, value: unknown): void {
    this.finish(wait.flow, this.spell(wait.flow, wait.caseIndex, value));
  }

  /** The flow has got a result, and leaves all queues. */
  finish(flow: number, result: unknown): void {
    if (this.results[flow] !== pending) return;
    this.results[flow] = result;
    for (const channel of this.channels) {
      channel.senders = channel.senders.filter((wait) => wait.flow !== flow);
      channel.receivers = channel.receivers.filter((wait) => wait.flow !== flow);
    }
  }

  private spell(flow: number, caseIndex: number, value: unknown): unknown {
    return this.spellings[flow] === "select" ? `case ${caseIndex}: ${String(value)}` : value;
  }
}

interface RealChannel {
  readonly sends: MemorySendChannel<number>[];
  readonly receives: MemoryReceiveChannel<number>[];
  readonly check: () => void;
}

interface Real {
  readonly channels: RealChannel[];
  readonly flows: Flow<unknown>[];
}

/** Compares everything that can be seen. */
async function compare(model: Model, real: Real): Promise<void> {
  for (const { check } of real.channels) check();
  await turns();
  for (const { check } of real.channels) check();
  expect(real.channels.map(({ sends }) => sends[0]!.statistics())).toEqual(
    model.channels.map((channel) => channel.statistics()),
  );
  expect(real.flows.map((flow) => flow.result)).toEqual(
    model.results.map((result) => (result === pending ? "waits" : result)),
  );
}

type Step = fc.AsyncCommand<Model, Real>;

/** Starts a flow. Cases name ends beyond those that exist by wrapping around. */
class Start implements Step {
  readonly spelling: Spelling;
  readonly cases: readonly Case[];
  constructor(spelling: Spelling, cases: readonly Case[]) {
    this.spelling = spelling;
    this.cases = cases;
  }
  check(): boolean {
    return true;
  }
  async run(model: Model, real: Real): Promise<void> {
    const cases = this.cases.map((each) => {
      const channel = model.channels[each.channel]!;
      const ends = each.kind === "send" ? channel.sendOpen : channel.receiveOpen;
      return { ...each, end: each.end % ends.length, item: model.nextItem++ };
    });
    const flow = model.results.length;
    model.spellings.push(this.spelling);
    model.results.push(pending);
    const result = model.perform(flow, cases);
    const ended = result === "EndOfChannel" && this.spelling === "step";
    if (result !== pending) model.finish(flow, ended ? "done" : result);
    real.flows.push(begin(() => this.start(real, cases)));
    await compare(model, real);
  }
  toString(): string {
    const cases = this.cases.map(({ kind, channel, end }) => `${kind} ${channel}.${end}`);
    return `${this.spelling}(${cases.join(", ")})`;
  }
  private async start(real: Real, cases: readonly (Case & { readonly item: number })[]): Promise<unknown> {
    const [first] = cases;
    const channel = real.channels[first!.channel]!;
    switch (this.spelling) {
      case "send":
        return channel.sends[first!.end]!.send(first!.item);
      case "receive":
        return channel.receives[first!.end]!.receive();
      case "step": {
        const step = await channel.receives[first!.end]![Symbol.asyncIterator]().next();
        return step.done === true ? "done" : step.value;
      }
      case "select": {
        const list: SelectCase<unknown>[] = cases.map((each) => {
          const { sends, receives } = real.channels[each.channel]!;
          return each.kind === "send"
            ? sendCase(sends[each.end]!, each.item)
            : receiveCase(receives[each.end]!);
        });
        const { index, value } = await select(list);
        return `case ${index}: ${String(value)}`;
      }
    }
  }
}

class Nowait implements Step {
  readonly each: Case;
  constructor(each: Case) {
    this.each = each;
  }
  check(): boolean {
    return true;
  }
  async run(model: Model, real: Real): Promise<void> {
    const { kind, channel } = this.each;
    const ends = kind === "send" ? model.channels[channel]!.sendOpen : model.channels[channel]!.receiveOpen;
    const each = { ...this.each, end: this.each.end % ends.length, item: model.nextItem++ };
    const outcome = kind === "send" ? model.trySend(each) : model.tryReceive(each);
    const expected = outcome === pending ? "WouldBlock" : typeof outcome === "string" ? outcome : outcome[0];
    const { sends, receives } = real.channels[channel]!;
    let actual: unknown;
    try {
      actual = kind === "send" ? sends[each.end]!.sendNowait(each.item) : receives[each.end]!.receiveNowait();
    } catch (error) {
      actual = (error as Error).name;
    }
    expect(actual).toEqual(expected);
    await compare(model, real);
  }
  toString(): string {
    return `${this.each.kind}Nowait(${this.each.channel}.${this.each.end})`;
  }
}

class Cancel implements Step {
  readonly flow: number;
  constructor(flow: number) {
    this.flow = flow;
  }
  check(model: Readonly<Model>): boolean {
    return model.results.length > 0;
  }
  async run(model: Model, real: Real): Promise<void> {
    // Preferably one that waits; cancelling one that has ended must change nothing.
    const waiting = model.results.flatMap((result, i) => (result === pending ? [i] : []));
    const candidates = waiting.length > 0 ? waiting : model.results.map((_, i) => i);
    const flow = candidates[this.flow % candidates.length]!;
    model.finish(flow, "cancelled");
    real.flows[flow]!.cancel();
    await compare(model, real);
  }
  toString(): string {
    return `cancel(${this.flow})`;
  }
}

class Clone implements Step {
  readonly each: Case;
  constructor(each: Case) {
    this.each = each;
  }
  check(): boolean {
    return true;
  }
  async run(model: Model, real: Real): Promise<void> {
    const { kind, channel } = this.each;
    const { sends, receives } = real.channels[channel]!;
    const open = kind === "send" ? model.channels[channel]!.sendOpen : model.channels[channel]!.receiveOpen;
    const ends = kind === "send" ? sends : receives;
    const end = this.each.end % open.length;
    if (open[end]!) {
      (ends as { clone(): unknown }[]).push(ends[end]!.clone());
      open.push(true);
    } else expect(() => ends[end]!.clone()).toThrow("was closed");
    await compare(model, real);
  }
  toString(): string {
    return `clone(${this.each.kind} ${this.each.channel}.${this.each.end})`;
  }
}

class Close implements Step {
  readonly each: Case;
  constructor(each: Case) {
    this.each = each;
  }
  check(): boolean {
    return true;
  }
  async run(model: Model, real: Real): Promise<void> {
    const { kind, channel } = this.each;
    const { sends, receives } = real.channels[channel]!;
    const ends = kind === "send" ? sends : receives;
    const end = this.each.end % ends.length;
    if (kind === "send") model.closeSend(channel, end);
    else model.closeReceive(channel, end);
    ends[end]!.close();
    await compare(model, real);
  }
  toString(): string {
    return `close(${this.each.kind} ${this.each.channel}.${this.each.end})`;
  }
}

const kind = fc.constantFrom("send" as const, "receive" as const);
const channel = fc.integer({ min: 0, max: 1 });
const end = fc.integer({ min: 0, max: 3 });
const anyCase = fc.record({ kind, channel, end });
const of = (only: "send" | "receive") => fc.record({ kind: fc.constant(only), channel, end });

const start = fc.oneof(
  of("send").map((each) => new Start("send", [each])),
  of("receive").map((each) => new Start("receive", [each])),
  of("receive").map((each) => new Start("step", [each])),
  fc.array(anyCase, { minLength: 1, maxLength: 4 }).map((cases) => new Start("select", cases)),
);

/** Channels under test and the model agree after every step of any program. */
export async function channelsBehaveAsTheModel(
  open: (capacity: number) => Opened,
  numRuns: number,
): Promise<void> {
  const commands = fc.commands(
    [
      start,
      start, // the essence, so more of it
      anyCase.map((each) => new Nowait(each)),
      fc.nat(20).map((flow) => new Cancel(flow)),
      anyCase.map((each) => new Clone(each)),
      anyCase.map((each) => new Close(each)),
    ],
    { maxCommands: 40, size: "max" },
  );
  const capacity = fc.constantFrom(0, 0, 1, 2, Infinity);
  await fc.assert(
    fc.asyncProperty(fc.tuple(capacity, capacity), commands, async (capacities, program) => {
      const real: Real = {
        channels: capacities.map((each) => {
          const { send, receive, check } = open(each);
          return { sends: [send], receives: [receive], check };
        }),
        flows: [],
      };
      try {
        await fc.asyncModelRun(() => ({ model: new Model(capacities), real }), program);
      } finally {
        for (const flow of real.flows) flow.cancel();
        await Promise.all(real.flows.map((flow) => flow.ended));
        for (const { check } of real.channels) check();
      }
    }),
    { numRuns },
  );
}

import {
  type Delivery,
  type RetryingOptions,
  type RetryingReceiveChannel,
  type RetryingSendChannel,
} from "@espalier/channel";
import { run } from "@espalier/core";
import { MockClock } from "@espalier/core/testing";
import fc from "fast-check";
import { expect } from "vitest";

import { begin, type Flow, turns } from "./flow.ts";

/*
 * A reference model of the retrying channel, as naive as can be, and the commands that drive it side by side with the real
 * thing: clones, closings, cancellations, deliveries that are settled in any way and at any time, and the passing of time.
 */

/** What the property needs of the channel under test. */
export interface Opened {
  readonly send: RetryingSendChannel<number>;
  readonly receive: RetryingReceiveChannel<number>;
  /** Looks whether its insides are right; called after every step. */
  readonly check: () => void;
}

const pending = Symbol("pending");

interface ModelParcel {
  readonly item: number;
  readonly flow: number;
  readonly end: number;
  failed: number;
  lastFailedEnd: number;
}

interface ModelDelivery {
  readonly parcel: ModelParcel;
  readonly end: number;
  readonly attempt: number;
  settled: boolean;
}

class Model {
  readonly maxAttempts: number;
  readonly restAfter: (failed: number) => number;
  now = 0;
  line: ModelParcel[] = [];
  returned: ModelParcel[] = [];
  resting: { readonly parcel: ModelParcel; readonly until: number }[] = [];
  receivers: { readonly flow: number; readonly end: number }[] = [];
  readonly deliveries: ModelDelivery[] = [];
  /** Of each flow what is expected of it: a name, a delivery by its number, or `pending`. */
  readonly results: unknown[] = [];
  readonly sendOpen: boolean[] = [true];
  readonly receiveOpen: boolean[] = [true];
  failedAttempts = 0;

  constructor(maxAttempts: number, restAfter: (failed: number) => number) {
    this.maxAttempts = maxAttempts;
    this.restAfter = restAfter;
  }

  waits(parcel: ModelParcel): boolean {
    return this.results[parcel.flow] === pending;
  }

  route(parcel: ModelParcel, front: boolean): void {
    const chosen = this.receivers.find(({ end }) => end !== parcel.lastFailedEnd) ?? this.receivers[0];
    if (chosen !== undefined) {
      this.receivers.splice(this.receivers.indexOf(chosen), 1);
      this.results[chosen.flow] = this.lend(parcel, chosen.end);
    } else (front ? this.returned : this.line).push(parcel);
  }

  lend(parcel: ModelParcel, end: number): string {
    this.deliveries.push({ parcel, end, attempt: parcel.failed + 1, settled: false });
    return `delivery ${this.deliveries.length - 1}`;
  }

  take(end: number): unknown {
    if (!this.receiveOpen[end]!) return "ClosedResourceError";
    const parcel = this.returned.shift() ?? this.line.shift();
    if (parcel !== undefined) return this.lend(parcel, end);
    return this.sendOpen.some(Boolean) ? pending : "EndOfChannel";
  }

  settle(number: number, how: "ack" | "nack" | "giveBack"): boolean {
    const delivery = this.deliveries[number]!;
    if (delivery.settled) return false;
    delivery.settled = true;
    const { parcel, end } = delivery;
    if (how === "nack") this.failedAttempts++;
    if (!this.waits(parcel)) return false;
    if (how === "ack") this.finish(parcel.flow, "done");
    else if (how === "giveBack") this.route(parcel, true);
    else {
      parcel.failed++;
      parcel.lastFailedEnd = end;
      const rest = this.restAfter(parcel.failed);
      if (parcel.failed === this.maxAttempts) this.finish(parcel.flow, "DeliveryFailedError");
      else if (rest === 0) this.route(parcel, false);
      else this.resting.push({ parcel, until: this.now + rest });
    }
    return true;
  }

  advance(ms: number): void {
    this.now += ms;
    const due = this.resting.filter(({ until }) => until <= this.now).sort((a, b) => a.until - b.until);
    this.resting = this.resting.filter(({ until }) => until > this.now);
    for (const { parcel } of due) this.route(parcel, false);
  }

  closeSend(end: number): void {
    if (!this.sendOpen[end]!) return;
    this.sendOpen[end] = false;
    for (const parcel of this.everyParcel())
      if (parcel.end === end) this.finish(parcel.flow, "ClosedResourceError");
    if (this.sendOpen.some(Boolean)) return;
    for (const { flow } of [...this.receivers]) this.finish(flow, "EndOfChannel");
  }

  closeReceive(end: number): void {
    if (!this.receiveOpen[end]!) return;
    this.receiveOpen[end] = false;
    for (const waiting of [...this.receivers])
      if (waiting.end === end) this.finish(waiting.flow, "ClosedResourceError");
    for (const [number, delivery] of [...this.deliveries.entries()])
      if (delivery.end === end) this.settle(number, "giveBack");
    if (this.receiveOpen.some(Boolean)) return;
    for (const parcel of this.everyParcel()) this.finish(parcel.flow, "BrokenResourceError");
  }

  /** The flow has got a result, and is nowhere any more. */
  finish(flow: number, result: unknown): void {
    if (this.results[flow] !== pending) return;
    this.results[flow] = result;
    this.receivers = this.receivers.filter((each) => each.flow !== flow);
    this.line = this.line.filter((each) => each.flow !== flow);
    this.returned = this.returned.filter((each) => each.flow !== flow);
    this.resting = this.resting.filter(({ parcel }) => parcel.flow !== flow);
  }

  statistics(): object {
    const held = this.deliveries.filter(({ settled }) => !settled);
    const itemsInLine = this.line.length + this.returned.length;
    return {
      openSendChannels: this.sendOpen.filter(Boolean).length,
      openReceiveChannels: this.receiveOpen.filter(Boolean).length,
      tasksWaitingSend:
        itemsInLine + this.resting.length + held.filter(({ parcel }) => this.waits(parcel)).length,
      tasksWaitingReceive: this.receivers.length,
      itemsInLine,
      itemsHeld: held.length,
      itemsResting: this.resting.length,
      failedAttempts: this.failedAttempts,
    };
  }

  private everyParcel(): ModelParcel[] {
    return [
      ...this.returned,
      ...this.line,
      ...this.resting.map(({ parcel }) => parcel),
      ...this.deliveries.filter(({ settled }) => !settled).map(({ parcel }) => parcel),
    ];
  }
}

interface Real {
  readonly sends: RetryingSendChannel<number>[];
  readonly receives: RetryingReceiveChannel<number>[];
  readonly flows: Flow<unknown>[];
  /** By the numbers of the model. */
  readonly deliveries: Map<string, Delivery<number>>;
  readonly clock: MockClock;
  readonly check: () => void;
}

async function compare(model: Model, real: Real): Promise<void> {
  real.check();
  await turns();
  real.check();
  expect(real.sends[0]!.statistics()).toEqual(model.statistics());
  for (const [i, expected] of model.results.entries()) {
    const { result } = real.flows[i]!;
    if (typeof expected === "string" && expected.startsWith("delivery")) note(model, real, expected, result);
    else expect(result).toEqual(expected === pending ? "waits" : expected);
  }
}

/** Keeps a delivery under its number, and looks whether it is the right one. */
function note(model: Model, real: Real, name: string, result: unknown): void {
  const { parcel, attempt } = model.deliveries[Number(name.split(" ")[1])]!;
  expect(result).toMatchObject({ value: parcel.item, attempt });
  real.deliveries.set(name, result as Delivery<number>);
}

type Step = fc.AsyncCommand<Model, Real>;

class Send implements Step {
  readonly end: number;
  constructor(end: number) {
    this.end = end;
  }
  check(): boolean {
    return true;
  }
  async run(model: Model, real: Real): Promise<void> {
    const end = this.end % model.sendOpen.length;
    const flow = model.results.length;
    model.results.push(pending);
    if (!model.sendOpen[end]!) model.finish(flow, "ClosedResourceError");
    else if (!model.receiveOpen.some(Boolean)) model.finish(flow, "BrokenResourceError");
    else model.route({ item: flow, flow, end, failed: 0, lastFailedEnd: -1 }, false);
    real.flows.push(begin(() => real.sends[end]!.send(flow).then(() => "done")));
    await compare(model, real);
  }
  toString(): string {
    return `send(${this.end})`;
  }
}

class Receive implements Step {
  readonly end: number;
  constructor(end: number) {
    this.end = end;
  }
  check(): boolean {
    return true;
  }
  async run(model: Model, real: Real): Promise<void> {
    const end = this.end % model.receiveOpen.length;
    const flow = model.results.length;
    const result = model.take(end);
    model.results.push(result);
    if (result === pending) model.receivers.push({ flow, end });
    real.flows.push(begin(() => real.receives[end]!.receive()));
    await compare(model, real);
  }
  toString(): string {
    return `receive(${this.end})`;
  }
}

class ReceiveNowait implements Step {
  readonly end: number;
  constructor(end: number) {
    this.end = end;
  }
  check(): boolean {
    return true;
  }
  async run(model: Model, real: Real): Promise<void> {
    const end = this.end % model.receiveOpen.length;
    const expected = model.take(end);
    let actual: unknown;
    try {
      actual = real.receives[end]!.receiveNowait();
    } catch (error) {
      actual = (error as Error).name;
    }
    if (typeof expected === "string" && expected.startsWith("delivery")) note(model, real, expected, actual);
    else expect(actual).toBe(expected === pending ? "WouldBlock" : expected);
    await compare(model, real);
  }
  toString(): string {
    return `receiveNowait(${this.end})`;
  }
}

class Settle implements Step {
  readonly how: "ack" | "nack" | "giveBack";
  readonly which: number;
  constructor(how: "ack" | "nack" | "giveBack", which: number) {
    this.how = how;
    this.which = which;
  }
  check(model: Readonly<Model>): boolean {
    return model.deliveries.length > 0;
  }
  async run(model: Model, real: Real): Promise<void> {
    const open = model.deliveries.flatMap(({ settled }, i) => (settled ? [] : [i]));
    // Preferably one that is open; settling one again must change nothing.
    const number = open.length > 0 ? open[this.which % open.length]! : this.which % model.deliveries.length;
    const expected = model.settle(number, this.how);
    expect(real.deliveries.get(`delivery ${number}`)![this.how]()).toBe(expected);
    await compare(model, real);
  }
  toString(): string {
    return `${this.how}(${this.which})`;
  }
}

class Cancel implements Step {
  readonly which: number;
  constructor(which: number) {
    this.which = which;
  }
  check(model: Readonly<Model>): boolean {
    return model.results.includes(pending);
  }
  async run(model: Model, real: Real): Promise<void> {
    const waiting = model.results.flatMap((result, i) => (result === pending ? [i] : []));
    const flow = waiting[this.which % waiting.length]!;
    model.finish(flow, "cancelled");
    real.flows[flow]!.cancel();
    await compare(model, real);
  }
  toString(): string {
    return `cancel(${this.which})`;
  }
}

class CloneOrClose implements Step {
  readonly what: "clone" | "close";
  readonly side: "send" | "receive";
  readonly end: number;
  constructor(what: "clone" | "close", side: "send" | "receive", end: number) {
    this.what = what;
    this.side = side;
    this.end = end;
  }
  check(): boolean {
    return true;
  }
  async run(model: Model, real: Real): Promise<void> {
    const open = this.side === "send" ? model.sendOpen : model.receiveOpen;
    const ends: (RetryingSendChannel<number> | RetryingReceiveChannel<number>)[] =
      this.side === "send" ? real.sends : real.receives;
    const end = this.end % open.length;
    if (this.what === "close") {
      if (this.side === "send") model.closeSend(end);
      else model.closeReceive(end);
      ends[end]!.close();
    } else if (open[end]!) {
      ends.push(ends[end]!.clone());
      open.push(true);
    }
    await compare(model, real);
  }
  toString(): string {
    return `${this.what}(${this.side} ${this.end})`;
  }
}

class Advance implements Step {
  readonly ms: number;
  constructor(ms: number) {
    this.ms = ms;
  }
  check(): boolean {
    return true;
  }
  async run(model: Model, real: Real): Promise<void> {
    model.advance(this.ms);
    real.clock.jump(this.ms);
    await compare(model, real);
  }
  toString(): string {
    return `advance(${this.ms})`;
  }
}

const end = fc.nat(3);
const side = fc.constantFrom("send" as const, "receive" as const);

const backoffs: readonly {
  readonly text: string;
  readonly backoff: Exclude<RetryingOptions["backoff"], undefined>;
}[] = [
  { text: "none", backoff: 0 },
  { text: "10 ms", backoff: 10 },
  { text: "5 ms for each failed attempt but the first", backoff: (failed) => 5 * (failed - 1) },
];

/** The channel under test and the model agree after every step of any program. */
export async function retryingChannelBehavesAsTheModel(
  open: (maxAttempts: number, backoff: Exclude<RetryingOptions["backoff"], undefined>) => Opened,
  numRuns: number,
): Promise<void> {
  const commands = fc.commands(
    [
      end.map((each) => new Send(each)),
      end.map((each) => new Receive(each)),
      end.map((each) => new ReceiveNowait(each)),
      fc
        .tuple(
          fc.constantFrom("ack" as const, "nack" as const, "nack" as const, "giveBack" as const),
          fc.nat(10),
        )
        .map(([how, which]) => new Settle(how, which)),
      fc.nat(10).map((which) => new Cancel(which)),
      fc.tuple(side, end).map(([which, each]) => new CloneOrClose("clone", which, each)),
      fc.tuple(side, end).map(([which, each]) => new CloneOrClose("close", which, each)),
      fc.integer({ min: 0, max: 20 }).map((ms) => new Advance(ms)),
    ],
    { maxCommands: 50, size: "max" },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(1, 2, 3, Infinity),
      fc.constantFrom(...backoffs),
      commands,
      async (maxAttempts, { backoff }, program) => {
        const clock = new MockClock();
        await run(
          async () => {
            const { send, receive, check } = open(maxAttempts, backoff);
            const restAfter = typeof backoff === "number" ? () => backoff : backoff;
            const real: Real = {
              sends: [send],
              receives: [receive],
              flows: [],
              deliveries: new Map(),
              clock,
              check,
            };
            try {
              await fc.asyncModelRun(() => ({ model: new Model(maxAttempts, restAfter), real }), program);
            } finally {
              for (const flow of real.flows) flow.cancel();
              await Promise.all(real.flows.map((flow) => flow.ended));
              check();
            }
          },
          { clock },
        );
      },
    ),
    { numRuns },
  );
}

import { type Clock } from "@espalier/core";
import { BudgetedScheduler, Deadline, Deadlines } from "@espalier/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { assertHeapInvariants, heapOf } from "./support/heap-invariants.ts";

/** A clock that shows what it is told, and never wakes anybody by itself. */
class HandClock implements Clock {
  time = 0;
  now(): number {
    return this.time;
  }
  delayUntil(): number {
    return Infinity;
  }
}

/** What an entry does when it fires, besides being noted. */
type Effect =
  | { readonly kind: "nothing" }
  | { readonly kind: "cancel"; readonly target: number }
  | { readonly kind: "add"; readonly afterMs: number };

class Entry extends Deadline {
  readonly id: number;
  private readonly onExpire: (id: number) => void;

  constructor(deadlines: Deadlines, time: number, id: number, onExpire: (id: number) => void) {
    super(deadlines, time);
    this.id = id;
    this.onExpire = onExpire;
  }

  expire(): void {
    this.onExpire(this.id);
  }

  protected letGo(): void {
    // it is about nothing that could be collected
  }
}

type Step =
  | { readonly act: "add"; readonly time: number; readonly effect: Effect }
  | { readonly act: "remove"; readonly at: number }
  | { readonly act: "move"; readonly at: number; readonly time: number }
  | { readonly act: "advance"; readonly ms: number };

// few distinct times, so that equal ones are common
const time = fc.oneof(
  { weight: 10, arbitrary: fc.nat({ max: 20 }) },
  { weight: 1, arbitrary: fc.constantFrom(Infinity, 1e15, 0.5, 2 ** 31) },
);
const effect: fc.Arbitrary<Effect> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ kind: "nothing" as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("cancel" as const), target: fc.nat({ max: 100 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("add" as const), afterMs: fc.nat({ max: 3 }) }) },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ act: fc.constant("add" as const), time, effect }) },
  { weight: 3, arbitrary: fc.record({ act: fc.constant("remove" as const), at: fc.nat({ max: 100 }) }) },
  { weight: 3, arbitrary: fc.record({ act: fc.constant("move" as const), at: fc.nat({ max: 100 }), time }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant("advance" as const), ms: fc.nat({ max: 6 }) }) },
);

/** The model: a list, sorted anew each time it is looked at. */
class SortedList {
  private entries: { readonly id: number; readonly time: number; readonly arrival: number }[] = [];
  private arrivals = 0;

  add(id: number, at: number): void {
    if (at !== Infinity) this.entries.push({ id, time: at, arrival: this.arrivals++ });
  }

  remove(id: number): void {
    this.entries = this.entries.filter((each) => each.id !== id);
  }

  get size(): number {
    return this.entries.length;
  }

  get first(): { readonly id: number; readonly time: number } | undefined {
    return [...this.entries].sort((a, b) => a.time - b.time || a.arrival - b.arrival)[0];
  }
}

/** The heap and the list, side by side. */
class Pair {
  private readonly clock = new HandClock();
  private readonly deadlines = new Deadlines(this.clock, new BudgetedScheduler());
  private readonly list = new SortedList();
  private readonly entries: Entry[] = [];
  private readonly effects: Effect[] = [];
  private readonly fired: number[] = [];
  private readonly expected: number[] = [];

  take(step: Step): void {
    const chosen = "at" in step ? this.entries[step.at % Math.max(1, this.entries.length)] : undefined;
    switch (step.act) {
      case "add":
        this.list.add(this.entries.length, this.clock.time + step.time);
        this.add(this.clock.time + step.time, step.effect);
        break;
      case "remove":
        if (chosen === undefined) return;
        chosen.cancel();
        this.list.remove(chosen.id);
        break;
      case "move":
        if (chosen === undefined) return;
        chosen.cancel();
        this.list.remove(chosen.id);
        this.enter(chosen.id, this.clock.time + step.time);
        this.list.add(chosen.id, this.clock.time + step.time);
        break;
      case "advance":
        this.clock.time += step.ms;
        this.expectFirings();
        this.deadlines.check();
        break;
    }
  }

  check(): void {
    assertHeapInvariants(this.deadlines);
    expect(this.deadlines.size).toBe(this.list.size);
    expect(this.deadlines.next).toBe(this.list.first?.time ?? Infinity);
    expect(this.fired).toEqual(this.expected);
  }

  private add(at: number, effect: Effect): void {
    this.effects.push(effect);
    this.enter(this.entries.length, at);
  }

  private enter(id: number, at: number): void {
    const entry = new Entry(this.deadlines, at, id, this.onExpire);
    this.entries[id] = entry;
    this.deadlines.add(entry);
  }

  private readonly onExpire = (id: number): void => {
    this.fired.push(id);
    expect(this.clock.time).toBeGreaterThanOrEqual(this.entries[id]!.time); // never early
    expect(this.entries[id]!.queued).toBe(false);
    assertHeapInvariants(this.deadlines);
    const effect = this.effects[id]!;
    if (effect.kind === "cancel") this.entries[effect.target % this.entries.length]!.cancel();
    if (effect.kind === "add") this.add(this.clock.time + 1 + effect.afterMs, { kind: "nothing" });
  };

  /** Lets the list fire what is due, with the same effects. */
  private expectFirings(): void {
    let entries = this.entries.length;
    for (let due = this.list.first; due !== undefined && due.time <= this.clock.time; due = this.list.first) {
      this.list.remove(due.id);
      this.expected.push(due.id);
      const effect = this.effects[due.id];
      if (effect?.kind === "cancel") this.list.remove(effect.target % entries);
      if (effect?.kind === "add") this.list.add(entries++, this.clock.time + 1 + effect.afterMs);
    }
  }
}

describe("Deadlines", () => {
  it("fires as a sorted list would, after any series of adding, removing, moving and firing", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 80 }), (steps) => {
        const pair = new Pair();
        for (const each of steps) {
          pair.take(each);
          pair.check();
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("stays a heap while entries leave a large one from anywhere", () => {
    const times = fc.array(fc.nat({ max: 1000 }), { minLength: 20, maxLength: 300 });
    fc.assert(
      fc.property(times, fc.infiniteStream(fc.nat({ max: 1000 })), (all, picks) => {
        const clock = new HandClock();
        const deadlines = new Deadlines(clock, new BudgetedScheduler());
        const fired: number[] = [];
        const entries = all.map((each, id) => new Entry(deadlines, each, id, () => fired.push(id)));
        for (const entry of entries) deadlines.add(entry);
        const staying = [...entries];
        for (let leaving = picks.next().value! % entries.length; leaving > 0; leaving--) {
          const [entry] = staying.splice(picks.next().value! % staying.length, 1);
          entry!.cancel();
          assertHeapInvariants(deadlines);
        }
        clock.time = 1000;
        deadlines.check();
        const expected = [...staying].sort((a, b) => a.time - b.time || a.id - b.id).map((each) => each.id);
        expect(fired).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  it("the assertion tells a heap that is none", () => {
    const deadlines = new Deadlines(new HandClock(), new BudgetedScheduler());
    const entries = [1, 2, 3].map((each, id) => new Entry(deadlines, each, id, () => undefined));
    for (const entry of entries) deadlines.add(entry);
    const { times } = heapOf(deadlines);
    times[2] = 0;
    expect(() => assertHeapInvariants(deadlines)).toThrow("the entry at 2 has another time than its place");
    times[2] = 3;
    heapOf(deadlines).entries.reverse();
    times.reverse();
    expect(() => assertHeapInvariants(deadlines)).toThrow("place 1 is before the one above it");
    heapOf(deadlines).entries.reverse();
    times.reverse();
    entries[2]!.queued = false;
    expect(() => assertHeapInvariants(deadlines)).toThrow("1 abandoned places, counted 0");
  });
});

import type { Clock } from "./clock.ts";
import { macrotask } from "./macrotask.ts";
import { sliceMs, type Scheduler } from "./scheduler.ts";

/*
 * One structure that knows times, not scopes: an indexed binary heap, ordered by time and then by order of arrival, so
 * that equal times fire first come, first served. Adding and removing without firing is what time limits do all day; it
 * costs tens of nanoseconds here, against some 330 for a native timer each. A lazily deleted heap is faster still for
 * few entries, but loses with a million sleepers.
 *
 * Invariants: heap[i].position === i; heap[i] is not before its parent heap[(i - 1) >> 1]; an entry that is in no heap
 * has position -1.
 */

/** Native timers overflow past this many milliseconds and would fire at once. */
const longestDelayMs = 2 ** 31 - 1;
const notQueued = -1;
/** While many fire at once, the real clock is read every so many. */
const firingsPerReading = 128;

/** Something that happens at a time. */
export abstract class Deadline {
  readonly deadlines: Deadlines;
  /** The time on the runtime's clock. Written by deadlines.ts. */
  time: number;
  /** Order of arrival among equal times. Written by deadlines.ts. */
  order = 0;
  /** Place in the heap, -1 when in none. Written by deadlines.ts. */
  position: number = notQueued;

  constructor(deadlines: Deadlines, time: number) {
    this.deadlines = deadlines;
    this.time = time;
  }

  /** Called once when the time has come, after the entry has left the heap; must not throw. */
  abstract expire(): void;

  /** Takes it out again; harmless if it already fired. */
  cancel(): void {
    if (this.position !== notQueued) this.deadlines.remove(this);
  }
}

/** All sleeps and deadlines of one runtime, on one armed native timer. */
export class Deadlines {
  readonly clock: Clock;
  private readonly scheduler: Scheduler;
  private readonly heap: Deadline[] = [];
  private arrivals = 0;
  private timer: ReturnType<typeof setTimeout> | undefined = undefined;
  /** The time for which the native timer is armed; `Infinity` when it is not. */
  private armedFor = Infinity;
  private dropping = false;

  constructor(clock: Clock, scheduler: Scheduler) {
    this.clock = clock;
    this.scheduler = scheduler;
  }

  get size(): number {
    return this.heap.length;
  }

  /** The earliest time in the heap; `Infinity` when it is empty. */
  get next(): number {
    return this.heap.length === 0 ? Infinity : (this.heap[0] as Deadline).time;
  }

  /** Puts the entry in; one for `Infinity` would never fire, so it is left out. */
  add(entry: Deadline): void {
    if (entry.time === Infinity) return;
    entry.order = this.arrivals++;
    this.siftUp(entry, this.heap.length);
    if (entry.time < this.armedFor) this.arm();
  }

  remove(entry: Deadline): void {
    const position = entry.position;
    entry.position = notQueued;
    const last = this.heap.pop() as Deadline;
    if (last !== entry) this.settle(last, position);
    if (this.heap.length === 0) this.dropSoon();
  }

  /** Fires what is due; also called when a clock was changed by hand. */
  readonly check = (): void => {
    this.disarm();
    this.scheduler.turnBegan();
    const now = this.clock.now();
    const started = performance.now();
    for (let firings = 1; this.next <= now; firings++) {
      const entry = this.heap[0] as Deadline;
      this.remove(entry);
      entry.expire();
      if (
        this.scheduler.timed &&
        firings % firingsPerReading === 0 &&
        performance.now() - started > sliceMs
      ) {
        // a million may be due at once: timers and I/O get their turn in between
        this.armedFor = -Infinity;
        macrotask(this.check);
        return;
      }
    }
    this.arm();
  };

  /** For tests: throws if the heap is not one. */
  assertInvariants(): void {
    this.heap.forEach((entry, i) => {
      if (entry.position !== i) throw new Error(`entry at ${i} believes to be at ${entry.position}`);
      if (i > 0 && isBefore(entry, this.heap[(i - 1) >> 1] as Deadline))
        throw new Error(`entry at ${i} is before its parent`);
    });
  }

  private arm(): void {
    const next = this.next;
    if (next >= this.armedFor || next === Infinity) return;
    const delay = this.clock.delayUntil(next);
    if (delay === Infinity) return;
    clearTimeout(this.timer);
    // rounded up, and checked again when it fires: native timers have whole milliseconds and may be early by one
    this.timer = setTimeout(this.check, Math.min(Math.max(Math.ceil(delay), 0), longestDelayMs));
    this.armedFor = next;
  }

  private disarm(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.armedFor = Infinity;
  }

  /**
   * A native timer keeps the process alive, so an empty heap must not hold one. It is dropped a turn later, because a
   * loop of short time limits empties the heap each time round, and arming costs ten times as much as the rest.
   */
  private dropSoon(): void {
    if (this.dropping || this.timer === undefined) return;
    this.dropping = true;
    macrotask(() => {
      this.dropping = false;
      if (this.heap.length === 0 && this.timer !== undefined) this.disarm();
    });
  }

  private siftUp(entry: Deadline, from: number): void {
    const heap = this.heap;
    let position = from;
    while (position > 0) {
      const above = (position - 1) >> 1;
      const parent = heap[above] as Deadline;
      if (!isBefore(entry, parent)) break;
      heap[position] = parent;
      parent.position = position;
      position = above;
    }
    heap[position] = entry;
    entry.position = position;
  }

  private settle(entry: Deadline, from: number): void {
    const heap = this.heap;
    const above = (from - 1) >> 1;
    if (from > 0 && isBefore(entry, heap[above] as Deadline)) {
      this.siftUp(entry, from);
      return;
    }
    let position = from;
    for (;;) {
      let below = 2 * position + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1] as Deadline, heap[below] as Deadline)) below++;
      const child = heap[below] as Deadline;
      if (!isBefore(child, entry)) break;
      heap[position] = child;
      child.position = position;
      position = below;
    }
    heap[position] = entry;
    entry.position = position;
  }
}

function isBefore(a: Deadline, b: Deadline): boolean {
  return a.time < b.time || (a.time === b.time && a.order < b.order);
}

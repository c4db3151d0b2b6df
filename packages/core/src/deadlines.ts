import type { Clock } from "./clock.ts";
import { DeadlineHeap } from "./deadline-heap.ts";
import { macrotask } from "./macrotask.ts";
import { sliceMs, type Scheduler } from "./scheduler.ts";

/*
 * All that a runtime has to do at some time, on one armed native timer. It knows times, not scopes. Adding and removing
 * without firing is what time limits do all day; it costs tens of nanoseconds here, against some 330 for a native timer
 * each.
 */

/** Native timers overflow past this many milliseconds and would fire at once. */
const longestDelayMs = 2 ** 31 - 1;
/** While many fire at once, the real clock is read every so many. */
const firingsPerReading = 128;

/** Something that happens at a time, once: an entry that was taken out is not put in again. */
export abstract class Deadline {
  readonly deadlines: Deadlines;
  /** The time on the runtime's clock. */
  readonly time: number;
  /** Order of arrival. Written by deadline-heap.ts. */
  order = 0;
  /** Whether it is going to happen. Written by deadline-heap.ts. */
  queued = false;

  constructor(deadlines: Deadlines, time: number) {
    this.deadlines = deadlines;
    this.time = time;
  }

  /** Called once when the time has come, after the entry has left the heap; must not throw. */
  abstract expire(): void;

  /** Forgets what it is about: the heap may hold on to an entry that was taken out. */
  protected abstract letGo(): void;

  /** Takes it out again; harmless if it already fired. */
  cancel(): void {
    if (!this.queued) return;
    this.deadlines.remove(this);
    this.letGo();
  }
}

/** All sleeps and deadlines of one runtime, on one armed native timer. */
export class Deadlines {
  readonly clock: Clock;
  private readonly scheduler: Scheduler;
  private readonly heap = new DeadlineHeap();
  private timer: ReturnType<typeof setTimeout> | undefined = undefined;
  /** The time for which the native timer is armed; `Infinity` when it is not. */
  private armedFor = Infinity;
  private dropping = false;

  constructor(clock: Clock, scheduler: Scheduler) {
    this.clock = clock;
    this.scheduler = scheduler;
  }

  get size(): number {
    return this.heap.size;
  }

  /** The earliest time in the heap; `Infinity` when it is empty. */
  get next(): number {
    return this.heap.next;
  }

  /** Puts the entry in; one for `Infinity` would never fire, so it is left out. */
  add(entry: Deadline): void {
    if (entry.time === Infinity) return;
    this.heap.add(entry);
    if (entry.time < this.armedFor) this.arm();
  }

  remove(entry: Deadline): void {
    this.heap.remove(entry);
    if (this.heap.size === 0) this.dropSoon();
  }

  /** Fires what is due; also called when a clock was changed by hand. */
  readonly check = (): void => {
    this.disarm();
    this.scheduler.turnBegan();
    const now = this.clock.now();
    const started = performance.now();
    for (let firings = 1; this.next <= now; firings++) {
      this.heap.shift().expire();
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
      if (this.heap.size === 0 && this.timer !== undefined) this.disarm();
    });
  }
}

import type { Deadline } from "./deadlines.ts";

/*
 * A heap ordered by time and then by order of arrival, so that equal times fire first come, first served. Each place has
 * four below it, and the times lie packed in an array of their own: a step down compares neighbours in memory and touches no
 * entry. With a million sleepers that, and not the number of steps, is what counts.
 *
 * An entry does not know its place. One that is taken out is only marked; its place is dropped when it comes to the top or
 * the end, or when such places are the majority and the heap is made anew without them. So a removal costs a constant on
 * average, and a scope that cancels 100,000 sleepers does not sort them.
 *
 * Invariants:
 * - times[i] === entries[i].time, and no place is before the place above it, (i - 1) >> 2;
 * - `abandoned` counts the entries that are no longer queued.
 */

/** With so few abandoned places it is not worth being made anew. */
const fewAbandoned = 32;
/** Arrays shorter than this need not be given back. */
const smallRoom = 1024;

/** The deadlines of one runtime in order. */
export class DeadlineHeap {
  private entries: Deadline[] = [];
  private times: number[] = [];
  private arrivals = 0;
  private abandoned = 0;
  /** At least the greatest length since the arrays were made. */
  private room = smallRoom;

  /** How many entries there are. */
  get size(): number {
    return this.entries.length - this.abandoned;
  }

  /** The earliest time; `Infinity` when there is none. */
  get next(): number {
    while (this.entries[0]?.queued === false) {
      this.dropTop();
      this.abandoned--;
    }
    return this.times[0] ?? Infinity;
  }

  /** Puts an entry in, behind those of the same time. */
  add(entry: Deadline): void {
    const { entries, times } = this;
    const { time } = entry;
    entry.order = this.arrivals++;
    entry.queued = true;
    let place = entries.length;
    while (place > 0) {
      const above = (place - 1) >> 2;
      const timeAbove = times[above] as number;
      if (timeAbove <= time) break; // it came before
      entries[place] = entries[above] as Deadline;
      times[place] = timeAbove;
      place = above;
    }
    entries[place] = entry;
    times[place] = time;
    this.room = Math.max(this.room, entries.length);
  }

  /** Takes out an entry that is in. */
  remove(entry: Deadline): void {
    entry.queued = false;
    const { length } = this.entries;
    if (this.entries[length - 1] === entry) this.dropLast();
    else if (++this.abandoned > fewAbandoned && this.abandoned * 2 > length) this.makeAnew();
  }

  /** Takes out the entry that is first; call only when `next` has said that there is one. */
  shift(): Deadline {
    const first = this.entries[0] as Deadline;
    first.queued = false;
    this.dropTop();
    return first;
  }

  /** Fills the top with the last entry. */
  private dropTop(): void {
    const end = this.entries.length - 1;
    const last = this.entries[end] as Deadline;
    const time = this.times[end] as number;
    this.dropLast();
    if (end > 0) this.sink(0, last, time);
  }

  private dropLast(): void {
    this.entries.pop();
    this.times.pop();
    if (this.room > smallRoom && this.entries.length * 4 < this.room) {
      // compiled code pops from an array without ever shrinking it
      this.entries = this.entries.slice();
      this.times = this.times.slice();
      this.room = this.entries.length;
    }
  }

  /** Puts an entry at a place that is free, or lower where it belongs. */
  private sink(from: number, entry: Deadline, time: number): void {
    const { entries, times } = this;
    const { length } = entries;
    // looks at the orders only of equal times
    const isBefore = (its: number, each: Deadline, other: number): boolean =>
      its < (times[other] as number) ||
      (its === times[other] && each.order < (entries[other] as Deadline).order);
    let place = from;
    for (;;) {
      let first = 4 * place + 1;
      if (first >= length) break;
      const end = Math.min(first + 4, length);
      for (let each = first + 1; each < end; each++)
        if (isBefore(times[each] as number, entries[each] as Deadline, first)) first = each;
      if (isBefore(time, entry, first)) break;
      entries[place] = entries[first] as Deadline;
      times[place] = times[first] as number;
      place = first;
    }
    entries[place] = entry;
    times[place] = time;
  }

  /** Makes the heap anew without the abandoned places. */
  private makeAnew(): void {
    this.entries = this.entries.filter((entry) => entry.queued);
    this.times = this.entries.map((entry) => entry.time);
    this.abandoned = 0;
    this.room = Math.max(smallRoom, this.entries.length);
    for (let place = (this.entries.length - 2) >> 2; place >= 0; place--)
      this.sink(place, this.entries[place] as Deadline, this.times[place] as number);
  }
}

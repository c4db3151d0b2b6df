import type { Deadline } from "./deadlines.ts";

/*
 * A heap ordered by time and then by order of arrival, so that equal times fire first come, first served. Each place has
 * four below it, and times and orders lie packed in arrays of their own: a step down compares neighbours in memory and
 * touches no entry. With a million sleepers that, and not the number of steps, is what counts.
 *
 * An entry does not know its place. One that is taken out only forgets its order; its place is dropped when it comes to
 * the top or the end, or when such places are the majority and the heap is made anew without them. So a removal costs a
 * constant on average, and a scope that cancels 100,000 sleepers does not sort them.
 *
 * Invariants, checked by `assertInvariants`:
 * - a place is taken exactly if orders[i] === entries[i].order; `abandoned` counts the others;
 * - no place is before the place above it.
 */

/** The order of an entry that is in no heap. */
export const notQueued = -1;
/** Places below each. */
const arity = 4;
/** A heap with so few abandoned places is not worth making anew. */
const fewAbandoned = 32;
/** Arrays shorter than this need not be given back. */
const smallRoom = 1024;

/** The deadlines of one runtime in order. */
export class DeadlineHeap {
  private entries: Deadline[] = [];
  private times: number[] = [];
  private orders: number[] = [];
  private arrivals = 0;
  private abandoned = 0;
  /** The greatest length since the arrays were made. */
  private room = smallRoom;

  /** How many entries there are. */
  get size(): number {
    return this.entries.length - this.abandoned;
  }

  /** The earliest time; `Infinity` when there is none. */
  get next(): number {
    this.dropAbandonedTop();
    return this.entries.length === 0 ? Infinity : (this.times[0] as number);
  }

  /** Puts an entry in, behind those of the same time. */
  add(entry: Deadline): void {
    const { entries, times, orders } = this;
    const { time } = entry;
    const order = this.arrivals++;
    entry.order = order;
    let place = entries.length;
    while (place > 0) {
      const above = (place - 1) >> 2;
      const timeAbove = times[above] as number;
      if (timeAbove <= time) break; // it came before
      this.put(place, entries[above] as Deadline, timeAbove, orders[above] as number);
      place = above;
    }
    this.put(place, entry, time, order);
    if (entries.length > this.room) this.room = entries.length;
  }

  /** Takes an entry out that is in. */
  remove(entry: Deadline): void {
    entry.order = notQueued;
    this.abandoned++;
    const { length } = this.entries;
    if (this.entries[length - 1] === entry) {
      this.dropLast();
      this.abandoned--;
    } else if (this.abandoned > fewAbandoned && this.abandoned * 2 > length) this.makeAnew();
  }

  /** Takes out the entry that is first; there must be one. */
  shift(): Deadline {
    this.dropAbandonedTop();
    const first = this.entries[0] as Deadline;
    first.order = notQueued;
    this.dropTop();
    return first;
  }

  /** For tests: throws if an invariant is broken. */
  assertInvariants(): void {
    const { entries, times, orders } = this;
    if (times.length !== entries.length || orders.length !== entries.length)
      throw new Error("the arrays differ in length");
    let abandoned = 0;
    entries.forEach((entry, i) => {
      if (!this.isTaken(i)) abandoned++;
      else if (entry.time !== times[i]) throw new Error(`the entry at ${i} has another time than its place`);
      if (i > 0 && this.isBefore(i, (i - 1) >> 2)) throw new Error(`place ${i} is before the one above it`);
    });
    if (abandoned !== this.abandoned)
      throw new Error(`${abandoned} abandoned places, counted ${this.abandoned}`);
  }

  private isTaken(place: number): boolean {
    return (this.entries[place] as Deadline).order === this.orders[place];
  }

  private isBefore(a: number, b: number): boolean {
    const timeA = this.times[a] as number;
    const timeB = this.times[b] as number;
    return timeA < timeB || (timeA === timeB && (this.orders[a] as number) < (this.orders[b] as number));
  }

  private put(place: number, entry: Deadline, time: number, order: number): void {
    this.entries[place] = entry;
    this.times[place] = time;
    this.orders[place] = order;
  }

  /** Puts an entry at a place that is free, or lower where it belongs. */
  private sink(from: number, entry: Deadline, time: number, order: number): void {
    const { entries, times, orders } = this;
    const { length } = entries;
    let place = from;
    for (;;) {
      const below = arity * place + 1;
      if (below >= length) break;
      let first = below;
      const end = Math.min(below + arity, length);
      for (let other = below + 1; other < end; other++) if (this.isBefore(other, first)) first = other;
      const timeBelow = times[first] as number;
      if (time < timeBelow || (time === timeBelow && order < (orders[first] as number))) break;
      this.put(place, entries[first] as Deadline, timeBelow, orders[first] as number);
      place = first;
    }
    this.put(place, entry, time, order);
  }

  private dropAbandonedTop(): void {
    while (this.entries.length > 0 && !this.isTaken(0)) {
      this.dropTop();
      this.abandoned--;
    }
  }

  /** Fills the top with the last entry. */
  private dropTop(): void {
    const last = this.entries.length - 1;
    const entry = this.entries[last] as Deadline;
    const time = this.times[last] as number;
    const order = this.orders[last] as number;
    this.dropLast();
    if (last > 0) this.sink(0, entry, time, order);
  }

  private dropLast(): void {
    this.entries.pop();
    this.times.pop();
    this.orders.pop();
    if (this.entries.length * 4 < this.room && this.room > smallRoom) this.giveRoomBack();
  }

  /** Compiled code pops from an array without ever shrinking it. */
  private giveRoomBack(): void {
    this.entries = this.entries.slice();
    this.times = this.times.slice();
    this.orders = this.orders.slice();
    this.room = Math.max(smallRoom, this.entries.length);
  }

  /** Makes the heap anew without the abandoned places. */
  private makeAnew(): void {
    const { entries, times, orders } = this;
    let count = 0;
    for (let i = 0; i < entries.length; i++)
      if (this.isTaken(i)) this.put(count++, entries[i] as Deadline, times[i] as number, orders[i] as number);
    entries.length = times.length = orders.length = count;
    this.room = Math.max(smallRoom, count);
    this.abandoned = 0;
    for (let i = (count - 2) >> 2; i >= 0; i--)
      this.sink(i, entries[i] as Deadline, times[i] as number, orders[i] as number);
  }
}

import type { CancelStatus } from "./cancel-status.ts";
import { park, type Parked, type Wait } from "./park.ts";

/*
 * A fair wait queue: first come, first served, and a waiter that is cancelled leaves it at once, from the middle too.
 * Channels, locks and joins stand on it. After Trio's ParkingLot (which took the idea from WebKit); it holds no lock and
 * no memory of wake-ups: unparking an empty lot is not remembered.
 *
 * A doubly linked list and not an array: cancellation takes a waiter out of the middle in constant time.
 */

/** A waiter's place in a lot. */
export interface Ticket<T, D> {
  /** The operation that waits. */
  readonly operation: Parked<T>;
  /** What belongs to the waiter: the item that it wants to send. */
  readonly data: D;
}

class Place<T, D> implements Ticket<T, D> {
  readonly operation: Parked<T>;
  readonly data: D;
  lot: ParkingLot<T, D> | undefined;
  prev: Place<T, D> | undefined = undefined;
  next: Place<T, D> | undefined = undefined;

  constructor(lot: ParkingLot<T, D>, operation: Parked<T>, data: D) {
    this.lot = lot;
    this.operation = operation;
    this.data = data;
  }
}

/** A first-come, first-served queue of parked operations. */
export class ParkingLot<T = void, D = undefined> {
  private first: Place<T, D> | undefined = undefined;
  private last: Place<T, D> | undefined = undefined;
  private count = 0;

  /** How many wait. */
  get size(): number {
    return this.count;
  }

  /**
   * Waits at the end of the queue.
   *
   * @checkpoint always
   * @cancellation The place in the queue is lost, and nothing else.
   */
  park(label: string, data: D, status?: CancelStatus): Promise<T> {
    const operation = park<T>(label, leave, status);
    if (operation.pending) operation.data = this.add(operation, data);
    return operation.promise;
  }

  /** Puts an operation, parked elsewhere, at the end of the queue; whoever parked it removes it when it is aborted. */
  add(operation: Parked<T>, data: D): Ticket<T, D> {
    const place = new Place(this, operation, data);
    place.prev = this.last;
    if (this.last === undefined) this.first = place;
    else this.last.next = place;
    this.last = place;
    this.count++;
    return place;
  }

  /** Takes a ticket out of the queue; false if it is no longer in it. */
  remove(ticket: Ticket<T, D>): boolean {
    const place = ticket as Place<T, D>;
    if (place.lot !== this) return false;
    place.lot = undefined;
    if (place.prev === undefined) this.first = place.next;
    else place.prev.next = place.next;
    if (place.next === undefined) this.last = place.prev;
    else place.next.prev = place.prev;
    place.prev = place.next = undefined;
    this.count--;
    return true;
  }

  /** The oldest waiter, left where it is. */
  peek(): Ticket<T, D> | undefined {
    return this.first;
  }

  /** Takes the oldest waiter out of the queue; the caller must resume or fail it. */
  take(): Ticket<T, D> | undefined {
    const place = this.first;
    if (place !== undefined) this.remove(place);
    return place;
  }

  /** Wakes the oldest waiters with a value; says how many there were. */
  unpark(value: T, count = 1): number {
    let woken = 0;
    while (woken < count) {
      const ticket = this.take();
      if (ticket === undefined) break;
      if (ticket.operation.resume(value)) woken++;
    }
    return woken;
  }

  /** Wakes all that wait now. */
  unparkAll(value: T): number {
    return this.unpark(value, this.count);
  }

  /** Ends the wait of all that `which` picks with an error. */
  failAll(makeError: (data: D) => unknown, which: (data: D) => boolean = () => true): void {
    for (const ticket of [...this]) {
      if (which(ticket.data) && this.remove(ticket)) ticket.operation.fail(makeError(ticket.data));
    }
  }

  /** The tickets, oldest first. */
  *[Symbol.iterator](): Generator<Ticket<T, D>> {
    for (let place = this.first; place !== undefined; place = place.next) yield place;
  }

  /** For tests: throws if the links or the count are wrong. */
  assertInvariants(): void {
    let count = 0;
    let previous: Place<T, D> | undefined = undefined;
    for (let place = this.first; place !== undefined; place = place.next) {
      if (place.prev !== previous || place.lot !== this) throw new Error("broken links");
      if (!place.operation.pending) throw new Error("an operation that has ended is still in line");
      previous = place;
      count++;
    }
    if (this.last !== previous || this.count !== count)
      throw new Error(`${count} in line, counted ${this.count}`);
  }
}

function leave(operation: Wait): void {
  const place = operation.data as Place<never, unknown>;
  place.lot?.remove(place);
}

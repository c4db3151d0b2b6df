import { ParkingLot, pass, refusal } from "@espalier/core/lowlevel";
import { invariant } from "./invariant.ts";

/** A snapshot of an event, for debugging and metrics. */
export interface EventStatistics {
  /** How many wait in `wait()`. */
  readonly tasksWaiting: number;
}

/**
 * Something that happens once. Until then everybody who waits for it waits; from then on nobody does. It cannot be unset
 * (whoever came a moment later would wait for ever): for the next occasion, make a new one. After Trio's Event. Not the
 * `Event` of the DOM, which it shadows where it is imported.
 *
 * For a value that changes again and again, take a watch channel; for a value that comes once, a task and its `join()`.
 *
 * @example
 * ```ts
 * import { Event } from "@espalier/sync";
 *
 * const ready = new Event();
 * setTimeout(() => ready.set(), 10);
 * await ready.wait();
 * ```
 */
export class Event {
  /** Once set, never unset. */
  #isSet = false;
  /** Empty once it is set. */
  readonly #waiting = new ParkingLot();

  /** Whether it has happened. */
  get isSet(): boolean {
    return this.#isSet;
  }

  /**
   * Says that it has happened, and wakes all who wait. Idempotent.
   *
   * @checkpoint never
   */
  set(): void {
    if (this.#isSet) return;
    this.#isSet = true;
    this.#waiting.unparkAll();
  }

  /**
   * Waits until it has happened; if it has, it only gives others a turn.
   *
   * @checkpoint always
   * @cancellation Nothing has changed.
   * @throws {Cancelled} the current scope is, or becomes, cancelled.
   */
  wait(): Promise<void> {
    return refusal() ?? (this.#isSet ? pass() : this.#waiting.park("event.wait", undefined));
  }

  /** A snapshot for debugging and metrics. */
  statistics(): EventStatistics {
    return { tasksWaiting: this.#waiting.size };
  }

  /** @internal For tests. */
  assertInvariants(): void {
    this.#waiting.assertInvariants();
    invariant(!this.#isSet || this.#waiting.size === 0, "somebody waits for an event that is set");
  }
}

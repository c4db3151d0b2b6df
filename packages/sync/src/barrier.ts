import { ParkingLot, pass, refusal } from "@espalier/core/lowlevel";
import { checkCount } from "./check-count.ts";
import { invariant } from "./invariant.ts";

/** A snapshot of a barrier, for debugging and metrics. */
export interface BarrierStatistics {
  /** How many have to come together. */
  readonly parties: number;
  /** How many of them are there and wait. */
  readonly tasksWaiting: number;
}

/**
 * Where a fixed number of flows wait for each other: `wait()` returns to all of them when the last has come. Then it can
 * be used again. Trio has none; this is Python's `asyncio.Barrier` without its broken state.
 *
 * Who waits and is cancelled simply leaves, as if it had never come; the others go on waiting for one more. A party that
 * fails for good therefore leaves the others waiting: put all parties into one nursery, which cancels them.
 *
 * @example
 * ```ts
 * import { Barrier } from "@espalier/sync";
 *
 * const rounds = new Barrier(2);
 * async function play(name: string): Promise<void> {
 *   for (let round = 1; round <= 3; round++) {
 *     if ((await rounds.wait()) === 0) console.log("round", round);
 *   }
 * }
 * await Promise.all([play("Ada"), play("Grace")]);
 * ```
 */
export class Barrier {
  readonly #parties: number;
  /** Those who have come; always fewer than `parties`, because the last one lets all go on. */
  readonly #waiting = new ParkingLot<number>();

  /**
   * @param parties - How many have to come together: a whole number, 1 or more.
   * @throws {RangeError} `parties` is not such a number.
   */
  constructor(parties: number) {
    checkCount(parties, "new Barrier", 1, false);
    this.#parties = parties;
  }

  /** How many have to come together. */
  get parties(): number {
    return this.#parties;
  }

  /**
   * Waits until all have come. Those who come after that are counted anew.
   *
   * @checkpoint always
   * @cancellation It has not come: the others wait for one more.
   * @returns The place in the order of arrival, each of 0 to `parties - 1` once: whoever gets 0 can do what one of them has
   *   to do. (Who left does not count, so the places have no gap.)
   * @throws {Cancelled} the current scope is, or becomes, cancelled.
   */
  wait(): Promise<number> {
    const denied = refusal();
    if (denied !== undefined) return denied;
    const last = this.#parties - 1;
    if (this.#waiting.size < last) return this.#waiting.park("barrier.wait", undefined);
    for (let place = 0; place < last; place++) this.#waiting.unpark(place);
    return pass(last);
  }

  /** A snapshot for debugging and metrics. */
  statistics(): BarrierStatistics {
    return { parties: this.#parties, tasksWaiting: this.#waiting.size };
  }

  /** @internal For tests. */
  assertInvariants(): void {
    this.#waiting.assertInvariants();
    invariant(this.#waiting.size < this.#parties, "all have come to a barrier and still wait");
  }
}

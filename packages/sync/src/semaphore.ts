import { MisuseError, WouldBlock } from "@espalier/core";
import { ParkingLot, pass, refusal } from "@espalier/core/lowlevel";
import { checkCount } from "./check-count.ts";
import type { Guard } from "./guard.ts";
import { invariant } from "./invariant.ts";

/** Options of {@link Semaphore}. */
export interface SemaphoreOptions {
  /** A release that would bring more permits than this is told as misuse; by default there is no limit. */
  readonly maxValue?: number;
}

/** A snapshot of a semaphore, for debugging and metrics. */
export interface SemaphoreStatistics {
  /** How many wait in `acquire()`. */
  readonly tasksWaiting: number;
}

/**
 * A number of permits: `acquire` takes one, waiting for it if there is none; a release puts one back. After Trio's
 * Semaphore.
 *
 * Who only wants to limit how many do something at once is better served by a `CapacityLimiter`: its total can be changed
 * while it is in use, it knows who holds a token, and it cannot be released once too often.
 *
 * @example
 * ```ts
 * import { Semaphore } from "@espalier/sync";
 *
 * const doors = new Semaphore(2);
 * async function pass(name: string): Promise<void> {
 *   using _door = await doors.acquire();
 *   console.log(name);
 * }
 * await Promise.all([pass("Ada"), pass("Grace"), pass("Edsger")]);
 * ```
 */
export class Semaphore {
  readonly #maxValue: number;
  /** The permits that nobody has; 0 while somebody waits. */
  #value: number;
  readonly #waiting = new ParkingLot<Guard>();

  /**
   * @param initial - How many permits there are to begin with: a whole number, 0 or more.
   * @throws {RangeError} `initial` is not such a number, or above `maxValue`.
   */
  constructor(initial: number, options: SemaphoreOptions = {}) {
    checkCount(initial, "new Semaphore", 0, false);
    const { maxValue = Infinity } = options;
    checkCount(maxValue, "new Semaphore: maxValue", 0, true);
    if (initial > maxValue)
      throw new RangeError(
        `new Semaphore: an initial value of ${initial} is above the maxValue of ${maxValue}.`,
      );
    this.#value = initial;
    this.#maxValue = maxValue;
  }

  /** The permits that can be had at once. */
  get value(): number {
    return this.#value;
  }

  /** The most permits that it may come to hold; `Infinity` without a limit. */
  get maxValue(): number {
    return this.#maxValue;
  }

  /**
   * Takes a permit, waiting for one if none is free. Waiters are served first come, first served.
   *
   * Do not put it into `Promise.race`: the loser stays in line and takes the next permit. Use `moveOnAfter`.
   *
   * @checkpoint always
   * @cancellation No permit is taken; the place in line is lost.
   * @returns A guard that puts the permit back, once. (`release()` does it too: use one of the two.)
   * @throws {Cancelled} the current scope is, or becomes, cancelled.
   */
  acquire(): Promise<Guard> {
    const denied = refusal();
    if (denied !== undefined) return denied;
    return this.#take() ? pass<Guard>(new Permit(this)) : this.#waiting.park("semaphore.acquire", undefined);
  }

  /**
   * Takes a permit without waiting.
   *
   * @checkpoint never
   * @throws {WouldBlock} none is free.
   */
  acquireNowait(): Guard {
    if (!this.#take())
      throw new WouldBlock("The semaphore has no permit to give; acquire() would wait for one.");
    return new Permit(this);
  }

  /**
   * Puts a permit in: the oldest waiter gets it at once. It need not be one that was acquired, nor come from whoever
   * acquired it.
   *
   * @checkpoint never
   * @throws {MisuseError} there would be more than `maxValue`.
   */
  release(): void {
    const oldest = this.#waiting.take();
    if (oldest !== undefined) {
      oldest.operation.resume(new Permit(this));
      return;
    }
    if (this.#value >= this.#maxValue) {
      throw new MisuseError(
        `The semaphore would come to hold more than its maxValue of ${this.#maxValue} permits: one was released twice, or ` +
          "never acquired. Give each back once, by its guard (using permit = await semaphore.acquire()) or by release(), " +
          "not by both.",
      );
    }
    this.#value++;
  }

  /** A snapshot for debugging and metrics. */
  statistics(): SemaphoreStatistics {
    return { tasksWaiting: this.#waiting.size };
  }

  /** @internal For tests. */
  assertInvariants(): void {
    this.#waiting.assertInvariants();
    invariant(this.#value >= 0 && this.#value <= this.#maxValue, "a semaphore's value is out of range");
    invariant(this.#value === 0 || this.#waiting.size === 0, "somebody waits beside a free permit");
  }

  #take(): boolean {
    if (this.#value === 0) return false;
    this.#value--;
    return true;
  }
}

class Permit implements Guard {
  /** `undefined` once it was given back. */
  #semaphore: Semaphore | undefined;

  constructor(semaphore: Semaphore) {
    this.#semaphore = semaphore;
  }

  release(): void {
    const semaphore = this.#semaphore;
    this.#semaphore = undefined;
    semaphore?.release();
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

import { MisuseError } from "@espalier/core";
import {
  checkBody,
  isThenable,
  makeCancelled,
  park,
  type Parked,
  ParkingLot,
  pass,
  quietly,
  reasonOf,
  refusal,
  type Ticket,
  type Wait,
} from "@espalier/core/lowlevel";
import { checkCount } from "./check-count.ts";
import { invariant } from "./invariant.ts";
import { Lock, type LockStatistics, stateOf } from "./lock.ts";
import { LockGuard } from "./lock-guard.ts";
import type { LockState } from "./lock-state.ts";

/*
 * The life of one wait, and where its operation stands:
 *
 *     asleep (in `#asleep`) --notify--> notified (in the lock's line) --its turn--> awake (holds the lock)
 *
 *     state \ event   cancelled                              guard released                   notify
 *     asleep          takes the lock again, raises           ends with MisuseError            -> notified
 *     notified        passes on, takes the lock, raises      passes on, ends with MisuseError   -
 *     awake           passes on, raises                      an ordinary release              -
 *
 * `notify` moves the operation over to the lock's line, as Trio does: so those who are notified take the lock in that order,
 * and nobody who comes later overtakes them. Unlike in Trio, a notification is never lost to a waiter that is cancelled.
 */

/** A snapshot of a condition, for debugging and metrics. */
export interface ConditionStatistics {
  /** How many wait for a notification. */
  readonly tasksWaiting: number;
  /** The lock's own. */
  readonly lockStatistics: LockStatistics;
}

/** What a predicate gives when it does not hold. */
type Falsy = false | 0 | 0n | "" | null | undefined;

/**
 * A lock, and a place to wait, with the lock released, until whoever holds it says that something has changed. After Trio's
 * and AnyIO's Condition.
 *
 * @example
 * ```ts
 * import { Condition } from "@espalier/sync";
 *
 * const condition = new Condition();
 * const jobs: string[] = [];
 * async function add(job: string): Promise<void> {
 *   using _guard = await condition.acquire();
 *   jobs.push(job);
 *   condition.notify();
 * }
 * async function next(): Promise<string> {
 *   using guard = await condition.acquire();
 *   return await condition.waitFor(guard, () => jobs.shift());
 * }
 * const [job] = await Promise.all([next(), add("sweep")]);
 * console.log(job);
 * ```
 */
export class Condition {
  readonly #lock: Lock;
  readonly #state: LockState;
  /** Those who wait for a notification, each with the guard that it has lent. */
  readonly #asleep = new ParkingLot<LockGuard, LockGuard>();

  /**
   * @param lock - Several conditions can stand over one lock; by default each has its own.
   * @throws {TypeError} `lock` is not a `Lock`.
   */
  constructor(lock: Lock = new Lock()) {
    const state = stateOf(lock);
    if (state === undefined)
      throw new TypeError("new Condition(lock) needs a Lock of this package, or nothing: it makes its own.");
    this.#lock = lock;
    this.#state = state;
  }

  /** Whether somebody holds the lock. */
  get locked(): boolean {
    return this.#lock.locked;
  }

  /**
   * Takes the lock, waiting until it is this caller's turn: `lock.acquire()`.
   *
   * @checkpoint always
   * @cancellation The lock is not taken; the place in line is lost.
   * @returns A guard that releases the lock, once; `wait` wants it.
   * @throws {Cancelled} the current scope is, or becomes, cancelled.
   */
  acquire(): Promise<LockGuard> {
    return this.#lock.acquire();
  }

  /**
   * Takes the lock without waiting: `lock.acquireNowait()`.
   *
   * @checkpoint never
   * @throws {WouldBlock} somebody holds it.
   */
  acquireNowait(): LockGuard {
    return this.#lock.acquireNowait();
  }

  /**
   * Releases the lock, whoever holds it: `lock.release()`.
   *
   * @checkpoint never
   * @throws {MisuseError} nobody holds it.
   */
  release(): void {
    this.#lock.release();
  }

  /**
   * Releases the lock, waits for a notification, and takes the lock again for the same guard. However it ends, the guard
   * holds the lock again. Meanwhile others had it, so look again at what you are waiting for; `waitFor` does.
   *
   * Await it inside the guard's block: `return await condition.wait(guard)`, not `return condition.wait(guard)`. And do not
   * put it into `Promise.race`: while the loser waits, the guard does not hold the lock. Use `moveOnAfter`.
   *
   * @checkpoint always
   * @cancellation It takes the lock again first, however long that lasts. A notification that had already come goes to the
   *   next waiter: here, cancelled beats delivered.
   * @param guard - What `acquire` gave. It holds the lock now.
   * @throws {Cancelled} the current scope is cancelled, or becomes so before the wait is over.
   * @throws {MisuseError} the guard does not hold the lock of this condition, or was released during the wait.
   * @throws {TypeError} `guard` is no guard.
   */
  wait(guard: LockGuard): Promise<void> {
    try {
      this.#requireHolds(guard, "wait");
    } catch (error) {
      return Promise.reject(error);
    }
    const denied = refusal();
    if (denied !== undefined) return denied;
    const operation = park<LockGuard>("condition.wait", this.#withdraw);
    if (!operation.pending) return operation.promise as Promise<never>; // the lock was never let go
    operation.data = this.#asleep.add(operation, guard);
    this.#state.lend(guard, () => {
      this.#withdraw(operation);
      operation.fail(releasedMeanwhile());
    });
    return quietly(() => this.#awaken(operation, guard));
  }

  /**
   * Waits until `predicate` holds: looks now, and after each notification. The lock is held whenever it looks.
   *
   * @checkpoint always
   * @cancellation As in `wait`.
   * @param guard - What `acquire` gave. It holds the lock now.
   * @param predicate - Synchronous. It holds when it gives something truthy.
   * @returns What the predicate gave.
   * @throws {Cancelled} the current scope is cancelled, or becomes so before the wait is over.
   * @throws {MisuseError} the guard does not hold the lock of this condition, or was released during the wait.
   * @throws {TypeError} `guard` is no guard, `predicate` no function, or asynchronous.
   * @throws whatever the predicate throws.
   */
  waitFor<T>(guard: LockGuard, predicate: () => T): Promise<Exclude<T, Falsy>> {
    try {
      checkBody(predicate, "Condition.waitFor");
      this.#requireHolds(guard, "waitFor");
    } catch (error) {
      return Promise.reject(error);
    }
    return refusal() ?? quietly(() => this.#waitUntil(guard, predicate));
  }

  /**
   * Wakes the oldest waiters. They take the lock one after the other, once it is released.
   *
   * @checkpoint never
   * @param n - How many at most: a whole number, or `Infinity`.
   * @throws {MisuseError} nobody holds the lock.
   * @throws {RangeError} `n` is not such a number.
   */
  notify(n = 1): void {
    checkCount(n, "Condition.notify", 0, true);
    if (!this.#lock.locked) {
      throw new MisuseError(
        "condition.notify() while nobody holds its lock: what you changed could be seen half done, and a waiter could miss " +
          "it. Hold the lock for the change and the notification: using guard = await condition.acquire().",
      );
    }
    for (let left = Math.min(n, this.#asleep.size); left > 0; left--) this.#wakeOldest();
  }

  /**
   * Wakes all who wait now.
   *
   * @checkpoint never
   * @throws {MisuseError} nobody holds the lock.
   */
  notifyAll(): void {
    this.notify(Infinity);
  }

  /** A snapshot for debugging and metrics. */
  statistics(): ConditionStatistics {
    return { tasksWaiting: this.#asleep.size, lockStatistics: this.#lock.statistics() };
  }

  /** @internal For tests. */
  assertInvariants(): void {
    this.#lock.assertInvariants();
    this.#asleep.assertInvariants();
    for (const { data: guard } of this.#asleep) {
      invariant(this.#state.isLent(guard), "a guard waits that has not lent the lock");
    }
  }

  /** What is left to do in the waiter's own code: the lock, and the last look at its scope. */
  async #awaken(operation: Parked<LockGuard>, guard: LockGuard): Promise<void> {
    try {
      await operation.promise;
    } catch (error) {
      // eslint-disable-next-line espalier/no-await-in-catch-before-throw -- regaining the lock is shielded
      await this.#state.regain(guard);
      throw error;
    }
    const { status } = operation;
    if (!status.cancelled) return;
    this.#wakeOldest();
    throw makeCancelled(reasonOf(status));
  }

  async #waitUntil<T>(guard: LockGuard, predicate: () => T): Promise<Exclude<T, Falsy>> {
    for (let first = true; ; first = false) {
      const value = predicate();
      if (isThenable(value)) {
        throw new TypeError(
          "Condition.waitFor: the predicate gave a promise, which always counts as true. It must be synchronous: nothing " +
            "may happen between its answer and what you do with it.",
        );
      }
      if (value) {
        if (first) await pass();
        return value as Exclude<T, Falsy>;
      }
      await this.wait(guard);
    }
  }

  /** Moves the oldest of those asleep to the lock's line. */
  #wakeOldest(): void {
    const oldest = this.#asleep.take();
    if (oldest === undefined) return;
    const { operation, data: guard } = oldest;
    operation.data = this.#state.lineUp(operation, guard);
  }

  /** Takes a wait out of wherever it stands; if it had been notified, somebody else is. */
  readonly #withdraw = (operation: Wait): void => {
    const ticket = operation.data as Ticket<LockGuard, LockGuard> | undefined;
    if (ticket === undefined || this.#asleep.remove(ticket)) return;
    if (this.#state.leaveLine(ticket)) this.#wakeOldest();
  };

  #requireHolds(guard: LockGuard, method: string): void {
    if (!(guard instanceof LockGuard)) {
      throw new TypeError(
        `condition.${method}(guard) needs the guard that holds the lock: using guard = await condition.acquire(); ` +
          `await condition.${method}(guard${method === "wait" ? "" : ", predicate"}).`,
      );
    }
    if (this.#state.owner === guard) return;
    const why = this.#state.isLent(guard)
      ? "another wait is using it"
      : "it was released, or belongs to another lock";
    throw new MisuseError(
      `condition.${method}: this guard does not hold the condition's lock now: ${why}. Wait with the guard that ` +
        "condition.acquire() gave, before it is released, and once at a time.",
    );
  }
}

function releasedMeanwhile(): MisuseError {
  return new MisuseError(
    "The guard was released while condition.wait() was using it, so there is no lock to come back to. Await the wait inside " +
      "the guard's block (return await condition.wait(guard), if it is the last thing in it); to stop waiting, cancel it " +
      "(moveOnAfter), and do not put it into Promise.race.",
  );
}

import { currentTask, MisuseError, WouldBlock } from "@espalier/core";
import { hasBrand, pass, refusal } from "@espalier/core/lowlevel";
import { LockGuard } from "./lock-guard.ts";
import { LockState } from "./lock-state.ts";

/** A snapshot of a lock, for debugging and metrics. */
export interface LockStatistics {
  /** Whether somebody holds it. */
  readonly locked: boolean;
  /** The guard that holds it; its `task` says whose code acquired it. */
  readonly owner: LockGuard | undefined;
  /** How many wait in `acquire()`, or after a notification for their way out of `condition.wait()`. */
  readonly tasksWaiting: number;
}

/** The state behind a lock of any installed copy of this package, for what else is built on it; `undefined` if it is none. */
export function stateOf(lock: unknown): LockState | undefined {
  return hasBrand(lock, Lock.brand) ? (lock as Lock).state : undefined;
}

/**
 * Lets one in at a time, for as long as it awaits things in there. The lock goes from hand to hand: whoever waits longest
 * has it the moment it is released, and nobody overtakes.
 *
 * Unlike in Trio it is not the task that owns it but the guard, so two flows of one task under `Promise.all`, or two
 * callers outside any task, contend like anybody else. It is not re-entrant: who holds it and acquires it again waits for
 * itself. Code without an `await` in it needs no lock.
 *
 * @example
 * ```ts
 * import { Lock } from "@espalier/sync";
 *
 * declare const account: { read(): Promise<number>; write(balance: number): Promise<void> };
 * const lock = new Lock();
 * async function deposit(amount: number): Promise<void> {
 *   using _alone = await lock.acquire();
 *   await account.write((await account.read()) + amount);
 * }
 * await Promise.all([deposit(10), deposit(20)]);
 * ```
 */
export class Lock {
  /** @internal */
  static readonly brand: string = "espalier.Lock";
  /** @internal */
  readonly state: LockState = new LockState();

  /** Whether somebody holds it. */
  get locked(): boolean {
    return this.state.owner !== undefined;
  }

  /**
   * Takes the lock, waiting until it is this caller's turn. First come, first served.
   *
   * Do not put it into `Promise.race`: the loser stays in line and takes the lock for good. Use `moveOnAfter`.
   *
   * @checkpoint always
   * @cancellation The lock is not taken; the place in line is lost.
   * @returns A guard that releases the lock, once.
   * @throws {Cancelled} the current scope is, or becomes, cancelled.
   */
  acquire(): Promise<LockGuard> {
    const denied = refusal();
    if (denied !== undefined) return denied;
    const guard = this.#newGuard();
    return this.state.take(guard) ? pass(guard) : this.state.park(guard);
  }

  /**
   * Takes the lock without waiting.
   *
   * @checkpoint never
   * @throws {WouldBlock} somebody holds it.
   */
  acquireNowait(): LockGuard {
    const guard = this.#newGuard();
    if (!this.state.take(guard)) throw new WouldBlock("The lock is held; acquire() would wait for it.");
    return guard;
  }

  /**
   * Releases the lock, whoever holds it; that guard does nothing any more. The oldest waiter gets the lock at once. Better
   * release by the guard, which cannot take the lock away from somebody else.
   *
   * @checkpoint never
   * @throws {MisuseError} nobody holds it.
   */
  release(): void {
    if (this.state.owner === undefined) {
      throw new MisuseError(
        "lock.release(): nobody holds this lock; it was released before, or never acquired. Release it once for each " +
          "acquire(), best by its guard: using guard = await lock.acquire().",
      );
    }
    this.state.passOn();
  }

  /** A snapshot for debugging and metrics. */
  statistics(): LockStatistics {
    const { owner, waiting } = this.state;
    return { locked: owner !== undefined, owner, tasksWaiting: waiting };
  }

  /** @internal For tests. */
  assertInvariants(): void {
    this.state.assertInvariants();
  }

  #newGuard(): LockGuard {
    return new LockGuard(this.state, currentTask());
  }
}

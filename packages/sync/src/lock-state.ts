import { ParkingLot, type Parked, parkShielded, type Ticket } from "@espalier/core/lowlevel";
import { invariant } from "./invariant.ts";
import type { LockGuard } from "./lock-guard.ts";

/*
 * What a lock and the conditions over it share: who holds it, who is in line for it, who has lent it to a wait. A guard is
 *
 *     in line -> holding -> released
 *                  |  ^
 *          condition wait
 *                  v  |
 *                 lent       -> released, if it is released during the wait
 *
 * Every change is one of the transitions below. The lock never rests while somebody is in line: it goes from hand to hand.
 */

/** Takes a wait out of whatever it stands in, because its guard is released. */
type EndOfLoan = () => void;

/** The state of one lock. */
export class LockState {
  /** Whose the lock is; `undefined` only while nobody is in line. */
  owner: LockGuard | undefined = undefined;
  /** First come, first served; each with the guard that it will get (or get back). */
  private readonly line = new ParkingLot<LockGuard, LockGuard>();
  /** The guards whose holder waits for a condition, until it has the lock again. */
  private readonly loans = new Map<LockGuard, EndOfLoan>();

  get waiting(): number {
    return this.line.size;
  }

  /** Takes a free lock; false if it is not. */
  take(guard: LockGuard): boolean {
    if (this.owner !== undefined) return false;
    this.owner = guard;
    return true;
  }

  /**
   * Waits in line.
   *
   * @checkpoint always
   * @cancellation The place in line is lost.
   */
  park(guard: LockGuard): Promise<LockGuard> {
    return this.line.park("lock.acquire", guard);
  }

  /** Puts a wait that was parked elsewhere in line, or gives it the lock at once. */
  lineUp(operation: Parked<LockGuard>, guard: LockGuard): Ticket<LockGuard, LockGuard> | undefined {
    if (this.owner !== undefined) return this.line.add(operation, guard);
    this.give(operation, guard);
    return undefined;
  }

  /** Takes a wait out of the line again; false if it is not in it. */
  leaveLine(ticket: Ticket<LockGuard, LockGuard>): boolean {
    return this.line.remove(ticket);
  }

  /** Takes the lock from its owner, for the oldest in line. */
  passOn(): void {
    this.owner = undefined;
    const next = this.line.take();
    if (next !== undefined) this.give(next.operation, next.data);
  }

  /** Lends the lock, which `guard` holds, to others for the time of a wait. */
  lend(guard: LockGuard, endOfLoan: EndOfLoan): void {
    this.loans.set(guard, endOfLoan);
    this.passOn();
  }

  /** Whether the guard is used by a wait. */
  isLent(guard: LockGuard): boolean {
    return this.loans.has(guard);
  }

  /**
   * Waits until a guard that was lent has the lock again, whatever is cancelled; or until it is released, because then
   * nobody wants the lock any more.
   */
  async regain(guard: LockGuard): Promise<void> {
    if (!this.loans.has(guard)) return;
    const operation = parkShielded<LockGuard>("lock.acquire");
    const ticket = this.lineUp(operation, guard);
    if (ticket !== undefined) {
      this.loans.set(guard, () => {
        this.line.remove(ticket);
        operation.resume(guard);
      });
    }
    await operation.promise;
  }

  /** The holder of the guard has no more use for it. Harmless when repeated. */
  giveUp(guard: LockGuard): void {
    if (this.owner === guard) {
      this.passOn();
      return;
    }
    const endOfLoan = this.loans.get(guard);
    this.loans.delete(guard);
    endOfLoan?.();
  }

  /** For tests. */
  assertInvariants(): void {
    this.line.assertInvariants();
    invariant(this.owner !== undefined || this.line.size === 0, "somebody waits for a free lock");
    const inLine = [...this.line].map((ticket) => ticket.data);
    invariant(new Set(inLine).size === inLine.length, "a guard is in line twice");
    const { owner } = this;
    if (owner === undefined) return;
    invariant(!inLine.includes(owner), "the owner of a lock waits for it");
    invariant(!this.loans.has(owner), "the owner of a lock has lent it");
  }

  private give(operation: Parked<LockGuard>, guard: LockGuard): void {
    this.loans.delete(guard);
    this.owner = guard;
    operation.resume(guard);
  }
}

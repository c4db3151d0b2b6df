import type { CancelReason } from "./cancel-reason.ts";
import { type CancelStatus } from "./cancel-status.ts";
import { Deadline } from "./deadlines.ts";
import { currentStatus } from "./runtime.ts";

/** Cancels a status when its time has come. */
class ScopeDeadline extends Deadline {
  private status: CancelStatus | undefined;

  constructor(status: CancelStatus, time: number) {
    super(status.runtime.deadlines, time);
    this.status = status;
  }

  expire(): void {
    const status = this.status as CancelStatus;
    const reason: CancelReason = { source: "deadline", scope: status.name };
    status.cancel(reason);
  }

  protected letGo(): void {
    this.status = undefined;
  }
}

/**
 * Gives the status a deadline, or moves the one it has; acts at once, also when the time has already passed.
 *
 * @param now - The time, if the caller has just read the clock: a reading is a twentieth of a time limit.
 */
export function setDeadline(
  status: CancelStatus,
  time: number,
  now: number = status.runtime.clock.now(),
): void {
  if (status.closed) return;
  status.deadline?.cancel();
  const deadline = new ScopeDeadline(status, time);
  status.deadline = deadline;
  if (time <= now) deadline.expire();
  else if (status.own === undefined) deadline.deadlines.add(deadline);
}

/**
 * The time, on the run's clock, at which the current code will be cancelled if nothing changes: the earliest deadline of
 * the scopes around it, as far as a shield lets it see. `-Infinity` if it is cancelled already, `Infinity` if there is
 * no deadline. For passing a time limit on, to a server for instance.
 */
export function currentEffectiveDeadline(): number {
  let earliest = Infinity;
  const current = currentStatus();
  if (current.cancelled) return -Infinity;
  for (let status: CancelStatus | undefined = current; status !== undefined; status = status.parent) {
    if (status.deadline !== undefined && !status.closed) earliest = Math.min(earliest, status.deadline.time);
    if (status.shielded) break;
  }
  return earliest;
}

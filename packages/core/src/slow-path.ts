import type { CancelStatus } from "./cancel-status.ts";
import type { Wait } from "./park.ts";
import { probesOf } from "./probe.ts";
import type { Waiter } from "./waiter.ts";

/*
 * What checkpoints do beyond their work when somebody watches: instruments and debug mode (the runtime's observer), and
 * probes of tests. Reached only through the SLOW flag of a status.
 */

/** A checkpoint is about to ask whether it is cancelled. */
export function noticeCancelPoint(status: CancelStatus): void {
  for (const probe of probesOf(status)) probe.cancelPoint?.();
}

/** A checkpoint lets others run without having to wait. */
export function noticeSchedulePoint(status: CancelStatus): void {
  for (const probe of probesOf(status)) probe.schedulePoint?.();
  status.runtime.observer?.passed(status);
}

/** A wait begins, or is about to be refused: both halves of a checkpoint at once, unless nothing can cancel it. */
export function noticeParked(operation: Wait & Pick<Waiter, "shielded">): void {
  for (const probe of probesOf(operation.status)) {
    if (!operation.shielded) probe.cancelPoint?.(operation.label);
    probe.schedulePoint?.(operation.label);
  }
  operation.status.runtime.observer?.parked(operation.status, operation.label);
}

/** A wait has ended. */
export function noticeResumed(operation: Wait): void {
  operation.status.runtime.observer?.resumed(operation.status, operation.label);
}

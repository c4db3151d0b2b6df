import { reasonOf, SLOW, type CancelStatus } from "./cancel-status.ts";
import { makeCancelled } from "./errors.ts";
import { currentStatus } from "./runtime.ts";
import { noticeCancelPoint, noticeSchedulePoint } from "./slow-path.ts";
import { allowUnhandled, mustBeHandled } from "./unhandled.ts";

/*
 * A checkpoint is a cancel point and a schedule point. An operation that has to wait gets both from `park`; one that
 * need not uses the two halves here: `enter` (or `refusal`) before any effect, `pass` after it. They and `park` take the
 * current status from whoever has read it already: on Node 20 reading it is a tenth of an operation that need not wait.
 */

const done: Promise<void> = Promise.resolve();

/**
 * The first half of a checkpoint: raises if the current scope is cancelled. Call it before any effect, so that
 * cancelled means it did not happen.
 *
 * @throws {Cancelled} the current scope is cancelled.
 */
export function enter(): void {
  const status = currentStatus();
  if (status.flags !== 0 && isRefused(status)) throw makeCancelled(reasonOf(status));
}

/**
 * The first half of a checkpoint for functions that are not declared `async`: a rejected promise to return at once if
 * the current scope is cancelled, else `undefined`. Unlike a thrown error it counts against the budget of the turn, so
 * that a loop that catches every `Cancelled` cannot starve timers and I/O.
 */
export function refusal(status: CancelStatus = currentStatus()): Promise<never> | undefined {
  if (status.flags === 0 || !isRefused(status)) return undefined;
  const cancelled = makeCancelled(reasonOf(status));
  const turn = status.runtime.scheduler.turn();
  const refused: Promise<never> =
    turn === undefined
      ? Promise.reject(cancelled)
      : turn.then(() => {
          throw cancelled;
        });
  if (!mustBeHandled(cancelled.reason)) allowUnhandled(refused);
  return refused;
}

/**
 * The second half of a checkpoint: a promise for the value that gives others their turn, at once while the budget of
 * this turn of the event loop lasts. Never raises, so what has been done stays done.
 */
export function pass(): Promise<void>;
export function pass<T>(value: T, status?: CancelStatus): Promise<T>;
export function pass<T>(value?: T, status: CancelStatus = currentStatus()): Promise<T | undefined | void> {
  if ((status.flags & SLOW) !== 0) noticeSchedulePoint(status);
  const turn = status.runtime.scheduler.turn();
  if (turn === undefined) return value === undefined ? done : Promise.resolve(value);
  return value === undefined ? turn : turn.then(() => value);
}

/**
 * Lets other tasks, timers and I/O have their turn, and raises if the current scope is cancelled. For long stretches of
 * work without any other `await` of this library.
 *
 * @checkpoint always
 * @cancellation Nothing happens.
 * @throws {Cancelled} the current scope is cancelled.
 * @example
 * ```ts
 * import { checkpoint } from "@espalier/core";
 * for (const chunk of ["a", "b", "c"]) {
 *   chunk.repeat(1000);
 *   await checkpoint();
 * }
 * ```
 */
export function checkpoint(): Promise<void> {
  const status = currentStatus();
  return refusal(status) ?? pass(undefined, status);
}

/**
 * Raises if the current scope is cancelled, else does nothing; the cheap half of {@link checkpoint}. It gives nobody a
 * turn beyond what `await` itself gives.
 *
 * @checkpoint always, but only its cancelling half
 * @throws {Cancelled} the current scope is cancelled.
 */
export function checkpointIfCancelled(): Promise<void> {
  return refusal() ?? done;
}

/** The scheduling half alone: gives others a turn, and is never cancelled. Trio's `cancel_shielded_checkpoint`. */
export function shieldedCheckpoint(): Promise<void> {
  return pass();
}

function isRefused(status: CancelStatus): boolean {
  if ((status.flags & SLOW) !== 0) noticeCancelPoint(status);
  return status.cancelled; // read again: a probe may have cancelled it
}

import { checkDuration } from "./arguments.ts";
import { blockedWatchOf, usualForeignQuietMs } from "./blocked-watch.ts";
import { refusal } from "./checkpoint.ts";
import { park, type Wait } from "./park.ts";

/**
 * Waits until every other task of the run has been parked for `cushionMs` of real time: the program has come as far as it
 * can by itself. For tests that want to look at a moment of rest. What the event loop still has in store (sockets, foreign
 * timers) cannot be seen; a cushion leaves room for it. A task that awaits something foreign is taken for parked once nothing
 * has moved for the cushion, and for 20 ms at least.
 *
 * When several wait, the smallest cushion goes first; equal ones go together. A clock that jumps by itself comes after.
 *
 * @checkpoint always
 * @param cushionMs - Milliseconds of real time, whatever the clock of the run.
 * @throws {Cancelled} the current scope is, or becomes, cancelled.
 */
export function waitAllTasksBlocked(cushionMs = 0): Promise<void> {
  try {
    checkDuration(cushionMs, "waitAllTasksBlocked");
  } catch (error) {
    return Promise.reject(error as Error);
  }
  const denied = refusal();
  if (denied !== undefined) return denied;
  const operation = park<void>("waitAllTasksBlocked", withdraw);
  if (operation.pending) {
    operation.data = blockedWatchOf(operation.status.runtime).add({
      cushionMs,
      rank: 0,
      foreignQuietMs: Math.max(usualForeignQuietMs, cushionMs),
      wake: () => operation.resume(),
    });
  }
  return operation.promise;
}

function withdraw(operation: Wait): void {
  (operation.data as () => void)();
}

import { checkDuration, checkTime } from "./arguments.ts";
import type { CancelStatus } from "./cancel-status.ts";
import { pass, refusal } from "./checkpoint.ts";
import { Deadline, type Deadlines } from "./deadlines.ts";
import { park, type Parked, type Wait } from "./park.ts";
import { currentStatus } from "./runtime.ts";

/**
 * Waits so many milliseconds on the run's clock; never less. `sleep(0)` is a {@link checkpoint}, `sleep(Infinity)` is
 * {@link sleepForever}. A sleep keeps the process alive.
 *
 * @checkpoint always
 * @cancellation The sleep ends at once; no timer is left.
 * @param ms - Milliseconds, 0 or more.
 * @throws {Cancelled} the current scope is, or becomes, cancelled.
 * @throws {RangeError} `ms` is negative or NaN.
 */
export function sleep(ms: number): Promise<void> {
  try {
    checkDuration(ms, "sleep");
  } catch (error) {
    return Promise.reject(error as Error);
  }
  const status = currentStatus();
  const denied = refusal(status);
  if (denied !== undefined) return denied;
  return ms === 0 ? pass(undefined, status) : wake(status.runtime.clock.now() + ms, status);
}

/**
 * Waits until the run's clock shows `time`; a checkpoint if it already does.
 *
 * @checkpoint always
 * @cancellation The sleep ends at once; no timer is left.
 * @param time - Milliseconds on the run's clock: `currentTime() + 500`, not `Date.now() + 500`.
 * @throws {Cancelled} the current scope is, or becomes, cancelled.
 * @throws {RangeError} `time` is NaN, or can only be a calendar time.
 */
export function sleepUntil(time: number): Promise<void> {
  const status = currentStatus();
  const { runtime } = status;
  try {
    checkTime(time, "sleepUntil", runtime);
  } catch (error) {
    return Promise.reject(error as Error);
  }
  const denied = refusal(status);
  if (denied !== undefined) return denied;
  return time <= runtime.clock.now() ? pass(undefined, status) : wake(time, status);
}

/**
 * Waits until it is cancelled. It does not keep the process alive: when nothing else does, a `run` ends in a
 * `DeadlockError`.
 *
 * @checkpoint always
 * @throws {Cancelled} the current scope is, or becomes, cancelled.
 */
export function sleepForever(): Promise<never> {
  return refusal() ?? park<never>("sleepForever").promise;
}

/**
 * The time on the run's clock, in milliseconds from an arbitrary start; not a date. Deadlines and `sleepUntil` use it.
 */
export function currentTime(): number {
  return currentStatus().runtime.clock.now();
}

class Alarm extends Deadline {
  private sleeper: Parked<void> | undefined;

  constructor(deadlines: Deadlines, time: number, sleeper: Parked<void>) {
    super(deadlines, time);
    this.sleeper = sleeper;
  }

  expire(): void {
    this.sleeper?.resume();
  }

  protected letGo(): void {
    this.sleeper = undefined;
  }
}

function wake(time: number, status: CancelStatus): Promise<void> {
  if (time === Infinity) return sleepForever();
  const sleeper = park<void>("sleep", silence, status);
  if (sleeper.pending) {
    const { deadlines } = status.runtime;
    const alarm = new Alarm(deadlines, time, sleeper);
    sleeper.data = alarm;
    deadlines.add(alarm);
  }
  return sleeper.promise;
}

function silence(sleeper: Wait): void {
  (sleeper.data as Alarm).cancel();
}

import { checkDuration } from "./arguments.ts";
import { usualForeignQuietMs } from "./blocked-watch.ts";
import type { Clock, ClockHost } from "./clock.ts";
import { MisuseError } from "./errors.ts";

/** Options of {@link MockClock}. */
export interface MockClockOptions {
  /** How fast it runs by itself, relative to real time; 0 (the default) is a clock that stands still. */
  readonly rate?: number;
  /**
   * Jumps to the next deadline when every task has been parked for so many milliseconds of real time; `Infinity` (the
   * default) never does.
   */
  readonly autojumpThresholdMs?: number;
  /**
   * A task that awaits something foreign holds the jump back until nothing has moved for so many milliseconds of real
   * time; 20 by default, `Infinity` to wait for it however long it takes.
   */
  readonly foreignQuietMs?: number;
}

/**
 * A clock for tests: it starts at 0, and time passes only when you say so (`jump`), at a rate of your choice, or by
 * jumping to the next deadline whenever all tasks wait. Pass it to `run`. After Trio's MockClock.
 */
export class MockClock implements Clock {
  private readonly foreignQuietMs: number;
  private currentRate = 0;
  private threshold: number;
  /** The virtual time at `realBase`. */
  private virtualBase = 0;
  private realBase = 0;
  private host: ClockHost | undefined = undefined;
  private withdrawRequest: () => void = () => undefined;

  constructor(options: MockClockOptions = {}) {
    this.foreignQuietMs = options.foreignQuietMs ?? usualForeignQuietMs;
    checkDuration(this.foreignQuietMs, "MockClock.foreignQuietMs");
    this.threshold = options.autojumpThresholdMs ?? Infinity;
    checkDuration(this.threshold, "MockClock.autojumpThresholdMs");
    this.rate = options.rate ?? 0;
  }

  /** How fast it runs by itself, relative to real time. Assignable; acts at once. */
  get rate(): number {
    return this.currentRate;
  }
  set rate(rate: number) {
    checkDuration(rate, "MockClock.rate");
    if (rate === Infinity) {
      throw new RangeError(
        "MockClock.rate needs a finite number, not Infinity; for time that jumps, set autojumpThresholdMs to 0.",
      );
    }
    this.virtualBase = this.now();
    this.realBase = performance.now();
    this.currentRate = rate;
    this.host?.timeChanged();
  }

  /** Milliseconds of real time that every task must have been parked before it jumps. Assignable; acts at once. */
  get autojumpThresholdMs(): number {
    return this.threshold;
  }
  set autojumpThresholdMs(ms: number) {
    checkDuration(ms, "MockClock.autojumpThresholdMs");
    this.threshold = ms;
    this.requestJump(false);
  }

  now(): number {
    if (this.currentRate === 0) return this.virtualBase;
    return this.virtualBase + (performance.now() - this.realBase) * this.currentRate;
  }

  delayUntil(time: number): number {
    const distance = time - this.now();
    if (distance <= 0) return 0;
    return this.currentRate === 0 ? Infinity : distance / this.currentRate;
  }

  /**
   * Moves the clock forward by `ms` milliseconds. What falls due meanwhile fires now, in order of time.
   *
   * @throws {RangeError} `ms` is negative or NaN.
   */
  jump(ms: number): void {
    checkDuration(ms, "MockClock.jump");
    this.virtualBase += ms;
    this.host?.timeChanged();
  }

  /** @internal Called by the run that uses the clock. */
  attach(host: ClockHost): () => void {
    if (this.host !== undefined) {
      throw new MisuseError(
        "This MockClock is already used by a run that has not ended; make a new one for each run.",
      );
    }
    this.host = host;
    this.requestJump(false);
    return () => {
      this.withdrawRequest();
      this.host = undefined;
    };
  }

  private requestJump(afterNextMove: boolean): void {
    this.withdrawRequest();
    if (this.host === undefined || this.threshold === Infinity) return;
    this.withdrawRequest = this.host.whenBlocked(
      {
        cushionMs: this.threshold,
        rank: 1,
        foreignQuietMs: Math.max(this.foreignQuietMs, this.threshold),
        wake: this.jumpToNextDeadline,
      },
      afterNextMove,
    );
  }

  private readonly jumpToNextDeadline = (): void => {
    const next = this.host?.nextDeadline() ?? Infinity;
    const now = this.now();
    const jumps = next !== Infinity && next > now;
    if (jumps) {
      // Not `+= next - now`: 0.2 + (0.9 - 0.2) is a hair before 0.9, and a clock that stands there never fires.
      this.virtualBase = this.currentRate === 0 ? next : this.virtualBase + (next - now);
      this.host?.timeChanged();
    }
    this.requestJump(!jumps); // without a deadline there is nothing to do in this standstill
  };
}

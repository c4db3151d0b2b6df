/** What a runtime needs of its clock to wake up in time. Given to `Clock.attach`. */
export interface ClockHost {
  /** The clock was changed by hand (a jump, another rate): look at the deadlines again. */
  timeChanged(): void;
  /** When the next deadline or sleep of the runtime is due; `Infinity` if there is none. */
  nextDeadline(): number;
  /**
   * Asks for one call when every task has been parked for `cushionMs` of real time; with `afterNextMove`, not for the
   * standstill that there is now. Gives a function that withdraws the request.
   */
  whenBlocked(request: BlockedRequest, afterNextMove?: boolean): () => void;
}

/** A wish to be told when every task of a runtime is parked. */
export interface BlockedRequest {
  /** Milliseconds of real time during which nothing may have moved. */
  readonly cushionMs: number;
  /** Requests of equal cushion are served by rank: tasks (0), then clocks (1), then the search for deadlocks (2). */
  readonly rank: 0 | 1 | 2;
  /**
   * Milliseconds of real time after which a task that is not parked (it awaits something foreign) counts as parked, as
   * long as nothing else has moved; `Infinity` to wait for it.
   */
  readonly foreignQuietMs: number;
  readonly wake: () => void;
}

/** The time of a runtime, in milliseconds from an arbitrary start. */
export interface Clock {
  /** The time now. */
  now(): number;
  /** Real milliseconds to wait until the clock shows `time`; `Infinity` if waiting alone will not bring it about. */
  delayUntil(time: number): number;
  /** Called once by the run that uses the clock; the function that it gives back is called when the run is over. */
  attach?(host: ClockHost): () => void;
}

/** Monotonic real time: `performance.now()`. */
export const systemClock: Clock = {
  now: () => performance.now(),
  delayUntil: (time) => time - performance.now(),
};

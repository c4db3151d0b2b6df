import { BrandedError } from "@espalier/core/lowlevel";

/** One of the orders that `exploreSchedules` tried makes the program fail. Its `cause` is the program's error. */
export class FailedScheduleError extends BrandedError {
  static override readonly brand: string = "espalier.FailedScheduleError";
  /** Replays the order exactly: `runVirtual(body, { seed })`. */
  readonly seed: number;
  /** How many orders were tried, this one included. */
  readonly runs: number;

  constructor(message: string, options: ErrorOptions & { readonly seed: number; readonly runs: number }) {
    super(message, options);
    this.seed = options.seed;
    this.runs = options.runs;
  }
}

import { BrandedError } from "@espalier/core/lowlevel";
import type { Manner } from "./strike.ts";

/** What an {@link UncleanCancellationError} tells. */
export interface UncleanCancellation {
  /** The number of the checkpoint, from 1; `undefined` if the program was not cancelled at all in this run. */
  readonly checkpoint: number | undefined;
  /** Whether the cancellation came when the checkpoint began, or while it waited. */
  readonly manner: Manner | undefined;
  /** What the checkpoint waits for, as `"channel.receive"`; `undefined` where it need not wait. */
  readonly label: string | undefined;
  /** What was wrong, one sentence each. */
  readonly problems: readonly string[];
}

/**
 * A program that `cancelEverywhere` cancelled did not end cleanly. The message names the checkpoint and what was wrong; the
 * `cause` is the error that the program raised, where it did.
 */
export class UncleanCancellationError extends BrandedError implements UncleanCancellation {
  static override readonly brand: string = "espalier.UncleanCancellationError";
  readonly checkpoint: number | undefined;
  readonly manner: Manner | undefined;
  readonly label: string | undefined;
  readonly problems: readonly string[];

  constructor(message: string, options: ErrorOptions & UncleanCancellation) {
    super(message, options);
    this.checkpoint = options.checkpoint;
    this.manner = options.manner;
    this.label = options.label;
    this.problems = options.problems;
  }
}

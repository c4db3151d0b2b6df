import { BusyResourceError } from "@espalier/core";

/** Tells two tasks that do at once what only one may do at a time: their bytes would mix. */
export class OneAtATime {
  readonly #action: string;
  #busy = false;

  /** @param action - What is guarded, as in "sending". */
  constructor(action: string) {
    this.#action = action;
  }

  /** Throws if somebody is inside; else the caller is, until `leave`. */
  enter(): void {
    if (this.#busy) {
      throw new BusyResourceError(
        `Another task is already ${this.#action}; put a Lock around it, or let one task do it for all.`,
      );
    }
    this.#busy = true;
  }

  leave(): void {
    this.#busy = false;
  }
}

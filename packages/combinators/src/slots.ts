import { checkpoint } from "@espalier/core";
import { ParkingLot } from "@espalier/core/lowlevel";

/** How many may be under way at once. One side occupies, and waits for a free slot; the other releases. */
export class Slots {
  readonly #limit: number;
  readonly #line = new ParkingLot();
  #used = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Waits until a slot is free; does not occupy it. A checkpoint in any case. */
  waitFree(): Promise<void> {
    return this.#used < this.#limit ? checkpoint() : this.#line.park("mapConcurrent.limit", undefined);
  }

  occupy(): void {
    this.#used++;
  }

  release(): void {
    this.#used--;
    this.#line.unpark(undefined);
  }
}

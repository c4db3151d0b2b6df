import { macrotask, type Resumption, type Scheduler } from "@espalier/core/testing";

/** Past so many resumptions the event loop gets a turn, so that I/O and foreign timers are not starved. */
const movesPerTurn = 1024;

/**
 * The order of resumptions of real programs (first come, first served, at once), but without a look at the real clock:
 * the scheduler of real programs cuts a turn short after some milliseconds, so what happens first in a test would depend
 * on how busy the machine is.
 */
export class SteadyScheduler implements Scheduler {
  readonly timed = false;
  moves = 0;
  #movesThisTurn = 0;
  /** Who waits for the next turn; while anybody does, newcomers line up behind. */
  #first: Place | undefined = undefined;
  #last: Place | undefined = undefined;

  get busy(): boolean {
    return this.#first !== undefined;
  }

  resume(resumption: Resumption): void {
    if (this.#hasTurn()) resumption.deliver();
    else this.#lineUp(resumption);
  }

  turn(): Promise<void> | undefined {
    if (this.#hasTurn()) return undefined;
    return new Promise((resolve) => {
      this.#lineUp({ deliver: resolve });
    });
  }

  turnBegan(): void {
    // Turns are counted in moves alone: when the event loop turns is none of our business.
  }

  #hasTurn(): boolean {
    this.moves++;
    return !this.busy && ++this.#movesThisTurn < movesPerTurn;
  }

  #lineUp(resumption: Resumption): void {
    const place: Place = { resumption, next: undefined };
    if (this.#last === undefined) {
      this.#first = place;
      macrotask(this.#startTurn);
    } else this.#last.next = place;
    this.#last = place;
  }

  readonly #startTurn = (): void => {
    this.#movesThisTurn = 0;
    this.#letThrough();
  };

  /** One at a time, so that what it sets off (microtasks) comes before the next one. */
  readonly #letThrough = (): void => {
    const { resumption, next } = this.#first as Place;
    this.#first = next;
    if (next === undefined) this.#last = undefined;
    resumption.deliver();
    if (next === undefined) return;
    if (++this.#movesThisTurn < movesPerTurn) queueMicrotask(this.#letThrough);
    else macrotask(this.#startTurn);
  };
}

interface Place {
  readonly resumption: Resumption;
  next: Place | undefined;
}

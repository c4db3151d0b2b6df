import { MisuseError } from "@espalier/core";
import { checkBody, park, type Parked, pass, refusal } from "@espalier/core/lowlevel";
import { checkWhole } from "./whole-number.ts";

/**
 * Puts blocks of code in different tasks into one order: the block at 0 runs first, then the one at 1, and so on, however
 * the tasks are scheduled. For tests that need one particular interleaving. After Trio's Sequencer.
 *
 * Each number is used once. A number that is used again, and a block that is cancelled before its turn has come, break
 * the sequence: the turns behind it could never come, so everyone who waits, and whoever comes later, is told at once.
 * (Trio raises its error also where the cancellation arrives; here `Cancelled` is raised there, as everywhere.)
 *
 * @example
 * ```ts
 * import { openNursery } from "@espalier/nursery";
 * import { Sequencer } from "@espalier/testing";
 *
 * const sequencer = new Sequencer();
 * await openNursery((nursery) => {
 *   nursery.startSoon(() => sequencer.at(1, () => console.log("second")));
 *   nursery.startSoon(async () => {
 *     await sequencer.at(0, () => console.log("first"));
 *     await sequencer.at(2, () => console.log("third"));
 *   });
 * });
 * ```
 */
export class Sequencer {
  // Invariant: `#waiting` does not have `#turn`, unless that block has been woken and has not begun.
  /** Whose turn it is; all before have ended. */
  #turn = 0;
  readonly #used = new Set<number>();
  readonly #waiting = new Map<number, Parked<void>>();
  /** Why the sequence is broken; once set, never unset. */
  #broken: string | undefined = undefined;

  /**
   * Waits until the blocks at all smaller numbers have ended, however they did, runs `body` and gives its value.
   *
   * @checkpoint always, before the body
   * @cancellation Before its turn has come: the body is not run, and the sequence is broken. In the body: the next one has
   *   its turn.
   * @param position - 0, 1, 2, ...
   * @throws {Cancelled} the current scope is, or becomes, cancelled.
   * @throws {MisuseError} the sequence is broken, or the number was used before.
   * @throws {RangeError} `position` is not a whole number of 0 or more.
   * @throws {TypeError} `body` is not a function.
   */
  async at<T>(position: number, body: () => Promise<T> | T): Promise<T> {
    checkWhole(position, "Sequencer.at", 0);
    checkBody(body, "Sequencer.at");
    const denied = refusal();
    if (denied !== undefined) {
      this.#break(`the block at ${position} was cancelled before its turn`);
      return denied;
    }
    this.#claim(position);
    await (position === this.#turn ? pass() : this.#wait(position));
    try {
      return await body();
    } finally {
      this.#end(position);
    }
  }

  #claim(position: number): void {
    if (this.#broken === undefined && this.#used.has(position))
      this.#break(`the number ${position} was used a second time`);
    if (this.#broken !== undefined) throw this.#brokenError(this.#broken);
    this.#used.add(position);
  }

  #wait(position: number): Promise<void> {
    const operation = park<void>(`sequencer.at(${position})`, () => {
      this.#waiting.delete(position);
      this.#break(`the block at ${position} was cancelled before its turn`);
    });
    if (operation.pending) this.#waiting.set(position, operation);
    return operation.promise;
  }

  #end(position: number): void {
    this.#turn = position + 1;
    const next = this.#waiting.get(this.#turn);
    this.#waiting.delete(this.#turn);
    next?.resume();
  }

  #break(why: string): void {
    if (this.#broken !== undefined) return;
    this.#broken = why;
    for (const [position, operation] of [...this.#waiting]) {
      // Those that the same cancellation is about to reach keep their Cancelled.
      if (operation.status.cancelled) continue;
      this.#waiting.delete(position);
      operation.fail(this.#brokenError(why));
    }
  }

  #brokenError(why: string): MisuseError {
    return new MisuseError(
      `The sequence is broken: ${why}. The turns behind it could never come; use each number once, and make a new ` +
        "Sequencer for each test.",
    );
  }
}

import type { Parked } from "@espalier/core/lowlevel";
import { endError } from "./channel-errors.ts";

/*
 * What a receiver in line has left with its place: how it wants to be told. `receive()`, a step of `for await` and `select`
 * wait in the same queue but end differently; telling them apart here saves each of them a promise around the wait.
 */

/** A receiver in line. */
export interface WaitingReceive {
  /** The end through which it receives. */
  readonly end: object;
  /**
   * Gives it an item; false if its wait has already ended, so that the item must go elsewhere.
   *
   * @param behind - Whether the giver goes on first.
   */
  deliver(operation: Parked<unknown>, item: unknown, behind: boolean): boolean;
  /** Tells it that nothing will come: `failure` says why, `undefined` stands for the normal end. */
  finish(operation: Parked<unknown>, failure: Error | undefined): void;
}

/** `receive()`. Nothing in it belongs to one wait, so one serves all the waits in an end. */
export class PlainReceive implements WaitingReceive {
  readonly end: object;

  constructor(end: object) {
    this.end = end;
  }

  deliver(operation: Parked<unknown>, item: unknown, behind: boolean): boolean {
    return operation.resume(item, behind);
  }

  finish(operation: Parked<unknown>, failure: Error | undefined): void {
    operation.fail(failure ?? endError());
  }
}

/** A step of `for await`; likewise. */
export class SteppingReceive implements WaitingReceive {
  readonly end: object;

  constructor(end: object) {
    this.end = end;
  }

  deliver(operation: Parked<unknown>, item: unknown, behind: boolean): boolean {
    return operation.resume({ done: false, value: item }, behind);
  }

  finish(operation: Parked<unknown>, failure: Error | undefined): void {
    if (failure === undefined) operation.resume({ done: true, value: undefined });
    else operation.fail(failure);
  }
}

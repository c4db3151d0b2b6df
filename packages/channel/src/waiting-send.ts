import type { Parked } from "@espalier/core/lowlevel";

/** A sender in line: its item, and how it wants to be told. */
export interface WaitingSend {
  readonly item: unknown;
  /** The end through which it sends. */
  readonly end: object;
  /**
   * Tells it that its item was taken; false if its wait has already ended, so that the item must not be taken.
   *
   * @param behind - Whether the taker goes on first.
   */
  taken(operation: Parked<unknown>, behind: boolean): boolean;
  /** Tells it that its item will not be taken. */
  fail(operation: Parked<unknown>, error: Error): void;
}

/** `send()`. */
export class PlainSend implements WaitingSend {
  readonly item: unknown;
  readonly end: object;

  constructor(item: unknown, end: object) {
    this.item = item;
    this.end = end;
  }

  taken(operation: Parked<unknown>, behind: boolean): boolean {
    return operation.resume(undefined, behind);
  }

  fail(operation: Parked<unknown>, error: Error): void {
    operation.fail(error);
  }
}

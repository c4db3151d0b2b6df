import type { Parked, ParkingLot, Ticket } from "@espalier/core/lowlevel";
import { endError } from "./channel-errors.ts";
import type { WaitingReceive } from "./waiting-receive.ts";
import type { WaitingSend } from "./waiting-send.ts";

/** What happened in a `select`. */
export interface Selected {
  readonly index: number;
  readonly value: unknown;
}

/**
 * A `select` that waits: one parked operation that has a place in the queues of all its cases. Whoever settles it first
 * takes it out of all of them, at once, so that no item or slot is ever held for a case that has lost.
 */
export class Selection {
  readonly operation: Parked<Selected>;
  private readonly places: {
    readonly lot: ParkingLot<unknown, unknown>;
    readonly ticket: Ticket<unknown, unknown>;
  }[] = [];

  constructor(operation: Parked<Selected>) {
    this.operation = operation;
  }

  /** Gets in line. */
  join<D>(lot: ParkingLot<unknown, D>, data: D): void {
    const ticket = lot.add(this.operation as Parked<unknown>, data);
    this.places.push({ lot: lot as ParkingLot<unknown, unknown>, ticket });
  }

  /** The case at `index` happened; false if the selection has already ended. `behind`: see `Parked.resume`. */
  settle(index: number, value: unknown, behind: boolean): boolean {
    if (!this.operation.pending) return false;
    this.leave();
    return this.operation.resume({ index, value }, behind);
  }

  /** A case can only fail, so the selection does. */
  fail(error: Error): void {
    this.leave();
    this.operation.fail(error);
  }

  /** Leaves all queues. */
  leave(): void {
    for (const { lot, ticket } of this.places) lot.remove(ticket);
  }
}

/** A selection in line to receive. */
export class SelectedReceive implements WaitingReceive {
  readonly end: object;
  private readonly selection: Selection;
  private readonly index: number;

  constructor(end: object, selection: Selection, index: number) {
    this.end = end;
    this.selection = selection;
    this.index = index;
  }

  deliver(_operation: Parked<unknown>, item: unknown, behind: boolean): boolean {
    return this.selection.settle(this.index, item, behind);
  }

  finish(_operation: Parked<unknown>, failure: Error | undefined): void {
    this.selection.fail(failure ?? endError());
  }
}

/** A selection in line to send. */
export class SelectedSend implements WaitingSend {
  readonly item: unknown;
  readonly end: object;
  private readonly selection: Selection;
  private readonly index: number;

  constructor(item: unknown, end: object, selection: Selection, index: number) {
    this.item = item;
    this.end = end;
    this.selection = selection;
    this.index = index;
  }

  taken(_operation: Parked<unknown>, behind: boolean): boolean {
    return this.selection.settle(this.index, undefined, behind);
  }

  fail(_operation: Parked<unknown>, error: Error): void {
    this.selection.fail(error);
  }
}

import type { Log } from "../stop.ts";

/**
 * A desk where orders are charged to a card. The card reader of desk A breaks at order 3, and order 4 has a card that no
 * desk can read. The same in both worlds.
 */
export class Desks {
  readonly #log: Log;
  readonly #pause: (ms: number) => Promise<unknown>;
  /** The orders that have been charged. */
  readonly charged: number[] = [];

  /** `pause` is how this world waits. */
  constructor(log: Log, pause: (ms: number) => Promise<unknown>) {
    this.#log = log;
    this.#pause = pause;
  }

  async charge(desk: string, order: number): Promise<void> {
    this.#log(`desk ${desk} takes order ${order}`);
    await this.#pause(50);
    if (order === 4) throw new Error("the card of order 4 cannot be read");
    if (desk === "A" && order === 3) throw new Error("the card reader of desk A is broken");
    this.#log(`order ${order} is charged`);
    this.charged.push(order);
  }
}

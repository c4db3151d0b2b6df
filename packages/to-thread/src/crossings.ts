/** The errors of one call that have crossed, so that they arrive as themselves when they come back. */
export class Crossings {
  /** On the side that sent it: the errors themselves. */
  readonly #sent: unknown[] = [];
  /** On the side that received it: which of the other side's it is. */
  readonly #received = new WeakMap<object, number>();

  /** Remembers an error that is being sent; gives its number. */
  keep(error: unknown): number {
    return this.#sent.push(error) - 1;
  }

  /** The error of that number, as it was before it crossed. */
  kept(index: number): unknown {
    return this.#sent[index];
  }

  note(error: unknown, index: number): void {
    if (typeof error === "object" && error !== null) this.#received.set(error, index);
  }

  numberOf(error: unknown): number | undefined {
    return typeof error === "object" && error !== null ? this.#received.get(error) : undefined;
  }
}

/** The semaphore of promises that everybody has written once: a number of permits, and a line of those who wait. */
export class PlainSemaphore {
  #value: number;
  readonly #waiting: (() => void)[] = [];

  constructor(value: number) {
    this.#value = value;
  }

  /** The permits that can be had at once. */
  get value(): number {
    return this.#value;
  }

  async acquire(): Promise<void> {
    if (this.#value > 0) this.#value--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  release(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#value++;
    else next();
  }
}

import { appendFile, rm, writeFile } from "node:fs/promises";

/**
 * A file of rows whose last line says how many there are; while it is being written, a lock stands beside it. The same in
 * both worlds.
 */
export class Table {
  readonly #file: string;
  readonly #pause: (ms: number) => Promise<unknown>;
  #rows = 0;

  private constructor(file: string, pause: (ms: number) => Promise<unknown>) {
    this.#file = file;
    this.#pause = pause;
  }

  /** `pause` is how this world waits. */
  static async open(file: string, pause: (ms: number) => Promise<unknown>): Promise<Table> {
    await writeFile(`${file}.lock`, "");
    await writeFile(file, "");
    console.log("at work");
    return new Table(file, pause);
  }

  async addRow(): Promise<void> {
    this.#rows++;
    await appendFile(this.#file, `row ${this.#rows}\n`);
    await this.#pause(20);
  }

  async finish(): Promise<void> {
    console.log("the cleanup begins");
    await appendFile(this.#file, `total: ${this.#rows}\n`);
    await this.#pause(200); // a slow disk
    await rm(`${this.#file}.lock`);
    console.log("the cleanup is complete");
  }
}

import { readFile } from "node:fs/promises";

/** What the two reload programs read again when they get SIGHUP. */
export interface Configuration {
  readonly version: number;
  /** How long it takes to connect to what it names, in milliseconds. */
  readonly connectMs: number;
}

/** A service that works by the configuration that was read last. The same in both worlds. */
export class Service {
  readonly #file: string;
  readonly #pause: (ms: number) => Promise<unknown>;
  #reloading = 0;

  /** `pause` is how this world waits. */
  constructor(file: string, pause: (ms: number) => Promise<unknown>) {
    this.#file = file;
    this.#pause = pause;
  }

  /** Reads the configuration again, connects to what it names, and works by it from then on. */
  async reload(): Promise<void> {
    this.#reloading++;
    try {
      const { version, connectMs } = JSON.parse(await readFile(this.#file, "utf8")) as Configuration;
      console.log(`reload begins: version ${version}`);
      if (this.#reloading > 1) console.log(`reloads at once: ${this.#reloading}`);
      await this.#pause(connectMs);
      console.log(`in force: version ${version}`);
    } finally {
      this.#reloading--;
    }
  }
}

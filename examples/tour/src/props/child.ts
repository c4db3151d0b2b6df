import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { settlesWithin } from "../watch.ts";

/** So long may a program take to say what it is waited for, in milliseconds: a busy machine is slow to start one. */
const limitMs = 10_000;

/** A program of src/props in a Node of its own, which can be sent signals. It is gone when its block is left. */
export class Child implements AsyncDisposable {
  readonly #ended: Promise<string>;
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines = new Map<string, Announcement>();

  /** Starts src/props/`<name>.ts`; `onLine` gets each line that it prints. */
  constructor(name: string, args: readonly string[], onLine: (line: string) => void) {
    const file = fileURLToPath(new URL(`props/${name}.js`, import.meta.url));
    this.#process = spawn(process.execPath, [file, ...args], { stdio: ["pipe", "pipe", "inherit"] });
    this.#process.stdin.on("error", () => {}); // it may be gone already
    createInterface({ input: this.#process.stdout }).on("line", (line) => {
      onLine(line);
      this.#line(line).resolve();
    });
    this.#ended = once(this.#process, "close").then(([code, signal]) =>
      signal === null ? `exit code ${String(code)}` : `ended by ${String(signal)}`,
    );
  }

  /** Waits until it has printed this line. */
  async says(line: string): Promise<void> {
    if (!(await settlesWithin(limitMs, this.#line(line).promise)))
      throw new Error(`The program did not say "${line}".`);
  }

  /** Waits until it has ended. Gives how: `"exit code 0"`, or the signal that ended it. */
  async ends(): Promise<string> {
    return (await settlesWithin(limitMs, this.#ended)) ? this.#ended : "has not ended";
  }

  send(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Closes its standard input. */
  endInput(): void {
    this.#process.stdin.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#ended;
  }

  #line(line: string): Announcement {
    let announcement = this.#lines.get(line);
    if (announcement === undefined) {
      let resolve!: () => void;
      const promise = new Promise<void>((settle) => {
        resolve = settle;
      });
      announcement = { promise, resolve };
      this.#lines.set(line, announcement);
    }
    return announcement;
  }
}

/** A line, said or waited for, whichever came first. */
interface Announcement {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** A program in a file, for the runtime that runs the tests, as `argv`. */
export function scriptArgv(
  file: URL,
  args: readonly string[] = [],
  flags: readonly string[] = [],
): [runtime: string, ...args: string[]] {
  const run = process.versions["deno"] === undefined ? [] : ["run", "-A"];
  return [process.execPath, ...run, ...flags, fileURLToPath(file), ...args];
}

/** A child process of the runtime that runs the tests, with its lines of output as they come. */
export class Child {
  readonly lines: string[] = [];
  stderr = "";
  readonly #process;
  readonly #exit: Promise<{ code: number | null; signal: string | null }>;

  /** @param flags - For the runtime. */
  constructor(program: URL, args: readonly string[] = [], flags: readonly string[] = []) {
    const [runtime, ...rest] = scriptArgv(program, args, flags);
    this.#process = spawn(runtime, rest, { stdio: ["ignore", "pipe", "pipe"] });
    createInterface({ input: this.#process.stdout }).on("line", (line) => this.lines.push(line));
    this.#process.stderr.on("data", (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.#exit = once(this.#process, "close").then(([code, signal]) => ({
      code: code as number | null,
      signal: signal as string | null,
    }));
  }

  /** Does not read what it writes to stdout for so long. */
  async readAfter(ms: number): Promise<void> {
    this.#process.stdout.pause();
    await new Promise((resolve) => setTimeout(resolve, ms));
    this.#process.stdout.resume();
  }

  /** Waits until the child has written a line. */
  async said(line: string): Promise<void> {
    while (!this.lines.includes(line)) {
      if (this.#process.exitCode !== null) throw new Error(`it ended without saying ${line}: ${this.stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  kill(signal: NodeJS.Signals): void {
    process.kill(this.#process.pid as number, signal); // Deno's child.kill() forgets the real exit code
  }

  /** Waits for its end; gives the exit code, or the signal that ended it. */
  async exit(): Promise<number | string | null> {
    const { code, signal } = await this.#exit;
    return signal ?? code;
  }
}

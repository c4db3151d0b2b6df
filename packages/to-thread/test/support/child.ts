import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** A child process of the runtime that runs the tests, with its lines of output as they come. */
export class Child {
  readonly lines: string[] = [];
  stderr = "";
  readonly #exit: Promise<{ code: number | null; signal: string | null }>;

  constructor(program: string, args: readonly string[], flags: readonly string[] = []) {
    const path = fileURLToPath(new URL(`../programs/${program}`, import.meta.url));
    const runtime = process.versions["deno"] === undefined ? [] : ["run", "-A"];
    const child = spawn(process.execPath, [...runtime, ...flags, path, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    createInterface({ input: child.stdout }).on("line", (line) => this.lines.push(line));
    child.stderr.on("data", (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.#exit = once(child, "close").then(([code, signal]) => ({
      code: code as number | null,
      signal: signal as string | null,
    }));
  }

  /** Waits for its end; gives the exit code, or the signal that ended it. */
  async exit(): Promise<number | string | null> {
    const { code, signal } = await this.#exit;
    return signal ?? code;
  }
}

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

export interface ProgramRun {
  readonly args?: readonly string[];
  /** Called with each line that it prints. */
  readonly onLine: (line: string) => void;
  /** Sends Ctrl-C so many milliseconds after its first line on stderr, by which it says that it is at work. */
  readonly ctrlCAfterMs?: number;
  /** Ends the program. */
  readonly signal?: AbortSignal;
}

/** Runs a program in a Node of its own. Gives how it ended: `"exit code 0"`, or the signal that ended it. */
export async function runProgram(
  file: string,
  { args = [], onLine, ctrlCAfterMs, signal }: ProgramRun,
): Promise<string> {
  const child = spawn(process.execPath, [file, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    ...(signal !== undefined && { signal }),
  });
  createInterface({ input: child.stdout }).on("line", onLine);
  const errors = createInterface({ input: child.stderr }).on("line", onLine);
  if (ctrlCAfterMs !== undefined) {
    errors.once("line", () => {
      setTimeout(() => child.kill("SIGINT"), ctrlCAfterMs);
    });
  }
  const [code, endedBy] = (await once(child, "close")) as [number | null, string | null];
  return endedBy === null ? `exit code ${code}` : `ended by ${endedBy}`;
}

import { moveOnAfter, shielded } from "@espalier/cancel-scope";
import { ClosedResourceError, currentTime, sleep } from "@espalier/core";
import { openNursery, type Task } from "@espalier/nursery";
import { openProcess, type Process } from "@espalier/process";
import { BufferedReceiveStream, LimitExceededError, type ReceiveStream } from "@espalier/stream";
import type { Program } from "./procfile.ts";

/** How a supervisor treats its programs. Milliseconds. */
export interface Policy {
  /** Before the first restart; each further one waits twice as long. */
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
  /** A program that has run so long is healthy: its next restart waits `firstDelayMs` again. */
  readonly healthyAfterMs: number;
  /** Between SIGTERM and SIGKILL. */
  readonly graceMs: number;
}

/** The longest line that a program may write, in bytes. */
const maxBytes = 64 * 1024;
/** So long its output is read after its end, in milliseconds. */
const lastWordsMs = 1000;

/** Prints one line of output. */
export type Print = (name: string, line: string) => void;

/** Runs a program again and again, until it is cancelled; then the program is ended and waited for. */
export async function keepRunning(program: Program, policy: Policy, print: Print): Promise<never> {
  let delayMs = policy.firstDelayMs;
  for (;;) {
    const started = currentTime();
    const exitCode = await runOnce(program, policy, print);
    if (currentTime() - started >= policy.healthyAfterMs) delayMs = policy.firstDelayMs;
    print(program.name, `ended with exit code ${exitCode}; starts again in ${delayMs} ms`);
    await sleep(delayMs);
    delayMs = Math.min(delayMs * 2, policy.longestDelayMs);
  }
}

async function runOnce({ name, command }: Program, { graceMs }: Policy, print: Print): Promise<number> {
  let exitCode = 0;
  await openNursery(async (nursery) => {
    await using child = await openProcess([command], {
      shell: true,
      stdin: "ignore",
      stderr: "pipe",
      graceMs,
    });
    print(name, `started, process ${child.pid}`);
    const readers: Task[] = [];
    for (const output of [child.stdout, child.stderr]) {
      if (output === undefined) continue;
      const read = (): Promise<void> => printLines(output, child, name, print);
      // Shielded: what it says while it is being stopped is shown too. The end of the block closes the output.
      readers.push(nursery.startSoon(() => shielded(read, { graceMs: Infinity })));
    }
    try {
      exitCode = await child.wait();
    } finally {
      if (child.exitCode === undefined) print(name, "stopping");
    }
    // Its last words are the ones that matter. A daemon of its own may hold the pipe open, and must not hold us.
    await moveOnAfter(lastWordsMs, async () => {
      for (const reader of readers) await reader.join();
    });
  });
  return exitCode;
}

async function printLines(output: ReceiveStream, child: Process, name: string, print: Print): Promise<void> {
  try {
    for await (const line of new BufferedReceiveStream(output, { maxBytes }).lines()) print(name, line);
  } catch (error) {
    if (error instanceof LimitExceededError) {
      print(name, `wrote a line of more than ${maxBytes} bytes, and is ended`);
      child.kill();
    } else if (!(error instanceof ClosedResourceError)) throw error;
  }
}

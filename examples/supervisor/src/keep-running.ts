import { currentTime, sleep } from "@espalier/core";
import { openNursery } from "@espalier/nursery";
import { openProcess } from "@espalier/process";
import { BufferedReceiveStream, type ReceiveStream } from "@espalier/stream";
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
  await using child = await openProcess([command], { shell: true, stdin: "ignore", stderr: "pipe", graceMs });
  print(name, `started, process ${child.pid}`);
  let exitCode = 0;
  try {
    await openNursery(async (nursery) => {
      // Daemons: a grandchild that holds the pipe must not hold us when the program itself has ended.
      for (const output of [child.stdout, child.stderr])
        if (output !== undefined) nursery.startSoon(() => printLines(output, name, print), { daemon: true });
      exitCode = await child.wait();
    });
    return exitCode;
  } finally {
    if (child.exitCode === undefined) print(name, "stopping");
  }
}

async function printLines(output: ReceiveStream, name: string, print: Print): Promise<void> {
  for await (const line of new BufferedReceiveStream(output, { maxBytes: 64 * 1024 }).lines())
    print(name, line);
}

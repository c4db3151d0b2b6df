import { formatTaskTree, MisuseError, run, type RunOptions } from "@espalier/core";
import { ambient, checkBody, checkDuration, checkRunOptions, currentStatus } from "@espalier/core/lowlevel";
import { describeError } from "./describe-error.ts";
import { flushOutput } from "./flush-output.ts";
import { Shutdown } from "./shutdown.ts";
import { checkSignalNames, exitCodeOf, type SignalName } from "./signal-name.ts";

/** Whether a main function runs: its end is the end of the process, so there is one at a time. */
let busy = false;

/** Options of {@link runMain}. */
export interface RunMainOptions extends Pick<RunOptions, "name" | "instruments" | "debug"> {
  /** Milliseconds of real time that the program has to stop, once it was asked to. By default 10,000. */
  readonly graceMs?: number;
  /** The signals that ask the program to stop; by default `SIGINT` and `SIGTERM`. */
  readonly signals?: readonly SignalName[];
  /** A signal that prints the live task tree; by default `SIGUSR2`, and none on Windows. `false` for none. */
  readonly taskTreeSignal?: SignalName | false;
  /** What ends the process; by default `process.exit`. For tests. */
  readonly exit?: (code: number) => void;
}

/**
 * Runs the main function of a program, and ends the process when it has ended.
 *
 * The first SIGINT or SIGTERM cancels the main scope (`source: "shutdown"`, the signal as its reason): everything unwinds and
 * cleans up, shielded sections included, for `graceMs` at most. A second signal, or the end of the grace, exits at once and
 * names what was still running.
 *
 * The exit code is 0 when `main` ended well (or what it has set `process.exitCode` to), 1 when it failed (the error is printed with its whole tree; a deadlock too),
 * and 128 plus the number of the signal that stopped it: 130 for SIGINT, 143 for SIGTERM. Work that `main` began and did not
 * await is cancelled when `main` ends, and that nobody handles this fails the program: 1, and the message says what outlived.
 * A single operation that nobody awaits, and work that waits for something foreign just then, are cut off without a word.
 *
 * Start it without `await` at the top level, as below: Bun and Deno do not notice a deadlock under a module that waits.
 *
 * @checkpoint never
 * @throws {MisuseError} it was called inside a task or scope, or while another main function runs.
 * @throws {TypeError} `main` is not a function, or an option has the wrong type.
 * @throws {RangeError} `graceMs` is negative or NaN, or a signal is one that cannot be listened for.
 * @example
 * ```ts
 * import { sleep } from "@espalier/core";
 * import { runMain } from "@espalier/signals";
 *
 * async function main(): Promise<void> {
 *   try {
 *     await sleep(60_000);
 *   } finally {
 *     console.log("stopped cleanly");
 *   }
 * }
 *
 * void runMain(main);
 * ```
 */
export async function runMain(main: () => unknown, options: RunMainOptions = {}): Promise<void> {
  checkBody(main, "runMain");
  checkRunOptions(options, "runMain");
  const { graceMs = 10_000, signals = ["SIGINT", "SIGTERM"], exit = (code) => process.exit(code) } = options;
  const { taskTreeSignal = process.platform === "win32" ? false : "SIGUSR2" } = options;
  checkDuration(graceMs, "runMain.graceMs");
  checkSignalNames(signals, "runMain");
  if (taskTreeSignal !== false) checkSignalNames([taskTreeSignal], "runMain");
  if (typeof exit !== "function") throw new TypeError(`runMain.exit needs a function, not ${typeof exit}.`);
  checkPlace();

  const shutdown = new Shutdown(graceMs, exit);
  const listeners = new Map<SignalName, (signal: SignalName) => void>();
  if (taskTreeSignal !== false) listeners.set(taskTreeSignal, printTaskTree);
  for (const signal of signals) listeners.set(signal, shutdown.onSignal);
  busy = true;
  let code: number;
  try {
    for (const [signal, listener] of listeners) process.on(signal, listener);
    code = await exitCode(main, options, shutdown);
  } finally {
    for (const [signal, listener] of listeners) process.off(signal, listener);
    shutdown.ends();
    busy = false;
  }
  if (shutdown.gone) return;
  await reportUnhandled();
  await flushOutput(shutdown.signal !== undefined);
  exit(code);
}

/** Asked before anything is touched: where `run` would refuse, the process of somebody else would be ended. */
function checkPlace(): void {
  const around = currentStatus();
  if (around !== ambient.root) {
    throw new MisuseError(
      `runMain was called inside the ${around.kind} "${around.name}", but it is for the top level of a program: it ends ` +
        "the process. Call the function directly.",
    );
  }
  if (busy) {
    throw new MisuseError(
      "runMain was called while another main function runs; the first to end would end the process under the other. " +
        "Call it once, and start both in a nursery.",
    );
  }
}

async function exitCode(main: () => unknown, options: RunMainOptions, shutdown: Shutdown): Promise<number> {
  const runOptions: RunOptions = {
    name: options.name ?? (main.name || "main"),
    ...(options.instruments !== undefined && { instruments: options.instruments }),
    ...(options.debug !== undefined && { debug: options.debug }),
  };
  try {
    await run(async () => {
      shutdown.begins(currentStatus());
      try {
        return await main();
      } catch (error) {
        shutdown.mainFailed(error);
        throw error;
      }
    }, runOptions);
  } catch (error) {
    if (!shutdown.caused(error)) {
      console.error(describeError(error));
      return 1;
    }
  }
  return shutdown.signal === undefined ? Number(process.exitCode ?? 0) : exitCodeOf(shutdown.signal);
}

/**
 * Lets the runtime look for rejections that nobody handles, as it does between turns of the event loop, before the process
 * is ended. What `main` began and did not await is cancelled with its scope, and would otherwise vanish without a word.
 */
function reportUnhandled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function printTaskTree(): void {
  console.error(formatTaskTree());
}

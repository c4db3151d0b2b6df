import { inspect } from "node:util";

import { BrokenResourceError } from "@espalier/core";
import { checkDuration, checkOptions, quietly } from "@espalier/core/lowlevel";
import { openNursery, unwrapSingle } from "@espalier/nursery";
import { LimitExceededError, type ReceiveStream, type SendStream } from "@espalier/stream";
import { checkArgv, type OpenProcessOptions, type RunningProcess, startProcess } from "./open-process.ts";
import { CalledProcessError } from "./process-errors.ts";

/** Options of {@link runProcess}. */
export interface RunProcessOptions extends Pick<
  OpenProcessOptions,
  "cwd" | "env" | "graceMs" | "processGroup" | "shell"
> {
  /** What it reads from its stdin; by default nothing: it sees the end at once. */
  readonly stdin?: Uint8Array | string;
  /** Whether to collect what it writes to stdout; by default it goes where ours goes. */
  readonly captureStdout?: boolean;
  /** Whether to collect what it writes to stderr; by default it goes where ours goes. */
  readonly captureStderr?: boolean;
  /** Whether a bad end is an error. By default true. */
  readonly check?: boolean;
  /** The most bytes to collect of each; by default there is no limit. */
  readonly maxOutputBytes?: number;
}

/** How a program has ended, and what it wrote. */
export interface ProcessResult {
  /** 128 plus the signal's number if a signal ended it. */
  readonly exitCode: number;
  /** The signal that ended it, if one did. */
  readonly signal: NodeJS.Signals | undefined;
  /** Empty if it was not captured. */
  readonly stdout: Uint8Array;
  /** Empty if it was not captured. */
  readonly stderr: Uint8Array;
}

/**
 * Runs a program to its end, without a shell. Cancelled, it is ended: SIGTERM, a grace, SIGKILL, and always waited for; its own
 * children are ended with it.
 *
 * @checkpoint always
 * @cancellation The program is ended, and waited for.
 * @param argv - The program and its arguments.
 * @throws {Cancelled} the current scope is, or becomes, cancelled.
 * @throws {CalledProcessError} it ended badly, unless `check` is false. It holds the outputs.
 * @throws {ProcessStartError} it cannot be started.
 * @throws {LimitExceededError} it wrote more than `maxOutputBytes`; it is ended then.
 * @throws {TypeError} `argv` is not a list of strings with at least one, or with `shell` with more than one; `stdin` is neither
 *   a string nor bytes.
 * @throws {RangeError} `graceMs` or `maxOutputBytes` is negative or NaN.
 * @example
 * ```ts
 * import { runProcess } from "@espalier/process";
 *
 * const { stdout } = await runProcess(["node", "--version"], { captureStdout: true });
 * console.log(new TextDecoder().decode(stdout).trim());
 * ```
 */
export function runProcess(argv: readonly string[], options: RunProcessOptions = {}): Promise<ProcessResult> {
  return quietly(async () => {
    checkArgv(argv);
    checkOptions(options, "runProcess", '{ cwd: "..." }');
    const {
      stdin,
      captureStdout = false,
      captureStderr = false,
      check = true,
      maxOutputBytes = Infinity,
      ...rest
    } = options;
    if (rest.graceMs !== undefined) checkDuration(rest.graceMs, "runProcess.graceMs");
    checkBytes(maxOutputBytes);
    checkInput(stdin);
    const child = await startProcess(argv, {
      ...rest,
      stdin: stdin === undefined ? "ignore" : "pipe",
      stdout: captureStdout ? "pipe" : "inherit",
      stderr: captureStderr ? "pipe" : "inherit",
    });
    const result = await finish(child, stdin, maxOutputBytes);
    if (check && result.exitCode !== 0) throw new CalledProcessError(argv, result);
    return result;
  });
}

function checkBytes(bytes: unknown): void {
  if (typeof bytes !== "number")
    throw new TypeError(`runProcess.maxOutputBytes needs a number of bytes, not a ${typeof bytes}.`);
  if (!(bytes >= 0)) throw new RangeError(`runProcess.maxOutputBytes needs 0 bytes or more, not ${bytes}.`);
}

/** Asked before the program is started: afterwards it would have done its work without its input. */
function checkInput(stdin: unknown): void {
  if (stdin === undefined || typeof stdin === "string" || stdin instanceof Uint8Array) return;
  throw new TypeError(
    `runProcess.stdin needs a string or a Uint8Array: what the program reads, not ${inspect(stdin, { depth: 0 })}.`,
  );
}

async function finish(
  child: RunningProcess,
  input: Uint8Array | string | undefined,
  maxBytes: number,
): Promise<ProcessResult> {
  const stdout: Uint8Array[] = [];
  const stderr: Uint8Array[] = [];
  try {
    await openNursery(
      async (nursery) => {
        if (child.stdout !== undefined)
          nursery.startSoon(() => collect(child.stdout, stdout, maxBytes, "stdout"));
        if (child.stderr !== undefined)
          nursery.startSoon(() => collect(child.stderr, stderr, maxBytes, "stderr"));
        if (child.stdin !== undefined) nursery.startSoon(() => feed(child.stdin, input ?? ""));
        await child.wait();
      },
      { name: "runProcess" },
    );
  } catch (error) {
    throw unwrapSingle(error);
  } finally {
    await child[Symbol.asyncDispose]();
  }
  return {
    exitCode: child.exitCode as number,
    signal: child.signal,
    stdout: Buffer.concat(stdout),
    stderr: Buffer.concat(stderr),
  };
}

async function collect(
  stream: ReceiveStream | undefined,
  chunks: Uint8Array[],
  maxBytes: number,
  name: string,
): Promise<void> {
  if (stream === undefined) return;
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > maxBytes)
      throw new LimitExceededError(`The program wrote more than ${maxBytes} bytes to ${name}.`, maxBytes);
    chunks.push(chunk);
  }
}

/** A program need not read its input to the end. */
async function feed(stream: SendStream | undefined, input: Uint8Array | string): Promise<void> {
  if (stream === undefined) return;
  try {
    await stream.sendAll(typeof input === "string" ? new TextEncoder().encode(input) : input);
  } catch (error) {
    if (!(error instanceof BrokenResourceError)) throw error;
  }
  await stream.aclose();
}

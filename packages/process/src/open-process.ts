import { type ChildProcess, spawn, type StdioOptions } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { inspect } from "node:util";

import { checkDuration, checkOptions, parkAbroad, pass, quietly, refusal } from "@espalier/core/lowlevel";
import {
  acloseForcefully,
  fromNodeReadable,
  fromNodeWritable,
  type ReceiveStream,
  type SendStream,
} from "@espalier/stream";
import { Child } from "./child.ts";
import { ProcessStartError } from "./process-errors.ts";

/** Where a stream of the child leads: to us, to our own stream, or nowhere. */
export type ProcessStream = "pipe" | "inherit" | "ignore";

/** Options of {@link openProcess}. */
export interface OpenProcessOptions {
  /** By default `"pipe"`. */
  readonly stdin?: ProcessStream;
  /** By default `"pipe"`. */
  readonly stdout?: ProcessStream;
  /** By default `"inherit"`: what goes wrong is seen. */
  readonly stderr?: ProcessStream;
  /** The folder to start it in; by default our own. */
  readonly cwd?: string;
  /** Its whole environment; by default our own. To add to it: `{ ...process.env, NAME: "value" }`. */
  readonly env?: NodeJS.ProcessEnv;
  /** Milliseconds between SIGTERM and SIGKILL when it has to end. By default 5000. */
  readonly graceMs?: number;
  /**
   * Whether it leads a process group of its own, so that its own children are ended with it. By default true, except for a
   * child that inherits our stdin: it needs our terminal. On Windows there are no groups.
   */
  readonly processGroup?: boolean;
  /** Whether `argv` is one line for the system's shell. By default false; mind the quoting if any of it comes from outside. */
  readonly shell?: boolean;
}

/**
 * A child process. Leave it by `await using`: it has ended then.
 *
 * @typeParam Stdin - `undefined` unless it was opened with a pipe there; the others likewise.
 */
export interface Process<
  Stdin extends SendStream | undefined = SendStream | undefined,
  Stdout extends ReceiveStream | undefined = ReceiveStream | undefined,
  Stderr extends ReceiveStream | undefined = ReceiveStream | undefined,
> extends AsyncDisposable {
  readonly pid: number;
  /** Where it reads from; `undefined` unless it is a pipe. Close it to let the child see the end. */
  readonly stdin: Stdin;
  /** What it writes; `undefined` unless it is a pipe. A child that nobody reads waits when the pipe is full. */
  readonly stdout: Stdout;
  /** What it writes; `undefined` unless it is a pipe. */
  readonly stderr: Stderr;
  /**
   * Waits for its end and gives its exit code: 128 plus the signal's number if a signal ended it.
   *
   * @checkpoint always
   * @cancellation Only the wait ends; the child goes on.
   * @throws {Cancelled} the current scope is, or becomes, cancelled.
   */
  wait(): Promise<number>;
  /**
   * Sends a signal to it and its process group, by default SIGTERM. Nothing happens once it has ended; when it has, what is
   * left of its group is killed.
   *
   * @checkpoint never
   * @throws {TypeError} there is no such signal.
   */
  kill(signal?: NodeJS.Signals): void;
  /** Its exit code; `undefined` while it runs. */
  readonly exitCode: number | undefined;
  /** The signal that ended it; `undefined` while it runs, and if none did. */
  readonly signal: NodeJS.Signals | undefined;
}

/** Our end of a child's stream: there is one for a pipe, and only then. */
type IfPiped<Mode, Stream> = Mode extends "pipe" ? Stream : undefined;
/** What the options say of a stream, or what holds if they do not. */
type ModeOf<Options, Name, Usual> = Name extends keyof Options
  ? Exclude<Options[Name], undefined> | (undefined extends Options[Name] ? Usual : never)
  : Usual;

/** The process that comes of some options. */
type Opened<Options extends OpenProcessOptions> = Process<
  IfPiped<ModeOf<Options, "stdin", "pipe">, SendStream>,
  IfPiped<ModeOf<Options, "stdout", "pipe">, ReceiveStream>,
  IfPiped<ModeOf<Options, "stderr", "inherit">, ReceiveStream>
>;

/**
 * Starts a program, without a shell. Its streams are byte streams; when its block is left it is ended: SIGTERM, a grace,
 * SIGKILL, and always waited for, also in a cancelled scope. Its own children are ended with it, by the same signals and
 * within the same grace; when it ends by itself they are killed.
 *
 * @checkpoint always
 * @cancellation No process is left behind.
 * @param argv - The program and its arguments.
 * @throws {Cancelled} the current scope is, or becomes, cancelled.
 * @throws {ProcessStartError} it cannot be started (see `code` and `cause`).
 * @throws {TypeError} `argv` is not a list of strings with at least one, or with `shell` with more than one; a stream is none
 *   of the three words.
 * @throws {RangeError} `graceMs` is negative or NaN.
 * @example
 * ```ts
 * import { openProcess } from "@espalier/process";
 * import { BufferedReceiveStream } from "@espalier/stream";
 *
 * async function follow(file: string): Promise<void> {
 *   await using tail = await openProcess(["tail", "-f", file]);
 *   for await (const line of new BufferedReceiveStream(tail.stdout).lines()) console.log(line);
 * } // left by a time limit, an error or a break: tail is gone
 * ```
 */
export function openProcess(argv: readonly string[]): Promise<Process<SendStream, ReceiveStream, undefined>>;
export function openProcess<const Options extends OpenProcessOptions>(
  argv: readonly string[],
  options?: Options,
): Promise<Opened<Options>>;
export function openProcess(argv: readonly string[], options: OpenProcessOptions = {}): Promise<Process> {
  return quietly(() => startProcess(argv, options));
}

const streamModes: readonly unknown[] = ["pipe", "inherit", "ignore"];

/**
 * Node takes more (descriptors, streams, `null` for a pipe), and tells of the rest as of a program that cannot be started.
 *
 * @throws {TypeError} a stream leads nowhere that we know.
 */
function checkStreams(options: OpenProcessOptions): void {
  for (const name of ["stdin", "stdout", "stderr"] as const) {
    const mode: unknown = options[name];
    if (mode === undefined || streamModes.includes(mode)) continue;
    const given = typeof mode === "string" ? JSON.stringify(mode) : inspect(mode, { depth: 0 });
    throw new TypeError(`openProcess.${name} needs to be one of "pipe", "inherit", "ignore", not ${given}.`);
  }
}

/** The same; what it gives can do more than users may. */
export async function startProcess(
  argv: readonly string[],
  options: OpenProcessOptions,
): Promise<RunningProcess> {
  checkArgv(argv);
  checkOptions(options, "openProcess", '{ cwd: "..." }');
  if (options.shell === true && argv.length > 1) {
    throw new TypeError(
      'With a shell, argv is one line: ["ls | wc -l"]. Further arguments would be joined to it without quoting.',
    );
  }
  const { graceMs = 5000 } = options;
  checkDuration(graceMs, "openProcess.graceMs");
  checkStreams(options);
  const denied = refusal();
  if (denied !== undefined) return denied;
  return pass(new RunningProcess(await start(argv, options), graceMs));
}

interface Started {
  readonly process: ChildProcess;
  readonly child: Child;
}

async function start(argv: readonly string[], options: OpenProcessOptions): Promise<Started> {
  const { stdin = "pipe", stdout = "pipe", stderr = "inherit", shell = false } = options;
  const leads = (options.processGroup ?? stdin !== "inherit") && process.platform !== "win32";
  const [file = "", ...args] = argv;
  const spawned = attempt(argv, () =>
    spawn(file, args, {
      stdio: [stdin, stdout, stderr] satisfies StdioOptions,
      detached: leads,
      shell,
      windowsHide: true,
      ...(options.cwd !== undefined && { cwd: options.cwd }),
      ...(options.env !== undefined && { env: options.env }),
    }),
  );
  // It is there as soon as spawn() returns, or it never will be; what comes later is only the news.
  if (spawned.pid === undefined) {
    const news = parkAbroad<never>("process.start");
    spawned.once("error", (error) => news.fail(new ProcessStartError(argv, error)));
    return news.promise;
  }
  return { process: spawned, child: new Child(spawned, spawned.pid, leads) };
}

/** Some bad arguments (a NUL byte, a folder that is no string) are told by throwing. */
function attempt(argv: readonly string[], spawnNow: () => ChildProcess): ChildProcess {
  try {
    return spawnNow();
  } catch (error) {
    throw new ProcessStartError(argv, error);
  }
}

/** A child process with its streams. */
export class RunningProcess implements Process {
  readonly #child: Child;
  readonly #graceMs: number;
  readonly stdin: SendStream | undefined;
  readonly stdout: ReceiveStream | undefined;
  readonly stderr: ReceiveStream | undefined;

  constructor({ process, child }: Started, graceMs: number) {
    this.#child = child;
    this.#graceMs = graceMs;
    this.stdin = process.stdin === null ? undefined : fromNodeWritable(process.stdin as Writable);
    this.stdout = process.stdout === null ? undefined : fromNodeReadable(process.stdout as Readable);
    this.stderr = process.stderr === null ? undefined : fromNodeReadable(process.stderr as Readable);
  }

  get pid(): number {
    return this.#child.pid;
  }

  get exitCode(): number | undefined {
    return this.#child.exit?.exitCode;
  }

  get signal(): NodeJS.Signals | undefined {
    return this.#child.exit?.signal;
  }

  wait(): Promise<number> {
    return quietly(async () => (await this.#child.wait()).exitCode);
  }

  kill(signal: NodeJS.Signals = "SIGTERM"): void {
    this.#child.kill(signal);
  }

  /** Not a checkpoint. */
  async [Symbol.asyncDispose](): Promise<void> {
    // eslint-disable-next-line espalier/unshielded-await-in-cleanup -- it is shielded inside
    await this.#child.end(this.#graceMs);
    for (const stream of [this.stdin, this.stdout, this.stderr])
      if (stream !== undefined) await acloseForcefully(stream);
  }
}

/** @throws {TypeError} it is not a list of strings with at least one. */
export function checkArgv(argv: unknown): asserts argv is readonly [string, ...string[]] {
  if (typeof argv === "string") {
    throw new TypeError(
      `A program and its arguments are needed as a list, not as one string: ["git", "status"]. There is no shell.`,
    );
  }
  if (!Array.isArray(argv) || argv.length === 0 || argv.some((word) => typeof word !== "string")) {
    throw new TypeError("A program and its arguments are needed, as a list of strings with at least one.");
  }
}

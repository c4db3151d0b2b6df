import { BrandedError, errorMessage } from "@espalier/core/lowlevel";

/** So many characters of a command are shown in a message. */
const longestCommand = 500;

/** A program ended badly: with an exit code other than 0, or by a signal. */
export class CalledProcessError extends BrandedError {
  static override readonly brand: string = "espalier.CalledProcessError";
  /** The program and its arguments. */
  readonly argv: readonly string[];
  /** Its exit code; 128 plus the signal's number if a signal ended it. */
  readonly exitCode: number;
  /** The signal that ended it, if one did. */
  readonly signal: NodeJS.Signals | undefined;
  /** What it wrote to stdout; empty if that was not captured. */
  readonly stdout: Uint8Array;
  /** What it wrote to stderr; empty if that was not captured. */
  readonly stderr: Uint8Array;

  constructor(argv: readonly string[], result: Omit<CalledProcessError, keyof Error | "argv">) {
    const { exitCode, signal, stdout, stderr } = result;
    super(
      `${quote(argv)} ${signal === undefined ? `ended with exit code ${exitCode}` : `was ended by ${signal}`}${tail(stderr)}`,
    );
    this.argv = argv;
    this.exitCode = exitCode;
    this.signal = signal;
    this.stdout = stdout;
    this.stderr = stderr;
  }
}

/** A program could not be started: there is no such file, it may not be executed, the folder does not exist (see `cause`). */
export class ProcessStartError extends BrandedError {
  static override readonly brand: string = "espalier.ProcessStartError";
  /** The program and its arguments. */
  readonly argv: readonly string[];
  /** The system's name for what went wrong, such as `"ENOENT"`. */
  readonly code: string | undefined;

  constructor(argv: readonly string[], cause: unknown) {
    const code = codeOf(cause);
    const why =
      code === "ENOENT" ? "there is no such program, or no such folder to start it in" : errorMessage(cause);
    super(`${quote(argv)} could not be started: ${why}`, { cause });
    this.argv = argv;
    this.code = code;
  }
}

/** A command for people to read; not for a shell. `argv` of the error has all of it. */
function quote(argv: readonly string[]): string {
  const line = argv.map((word) => (/^[\w./:=@%+-]+$/.test(word) ? word : JSON.stringify(word))).join(" ");
  return line.length > longestCommand ? `${line.slice(0, longestCommand)}...` : line;
}

/** The last lines of what was written to stderr: mostly they say why. */
function tail(stderr: Uint8Array): string {
  const lines = new TextDecoder().decode(stderr.subarray(-2000)).trimEnd().split("\n").slice(-5);
  return lines.length === 1 && lines[0] === "" ? "" : `; the end of its stderr:\n${lines.join("\n")}`;
}

/** Never throws: a getter of the options may have thrown anything. */
function codeOf(error: unknown): string | undefined {
  try {
    const code = error instanceof Error ? (error as { code?: unknown }).code : undefined;
    return typeof code === "string" ? code : undefined;
  } catch {
    return undefined;
  }
}

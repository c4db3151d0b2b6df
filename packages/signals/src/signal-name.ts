import { constants } from "node:os";

/** The name of a signal of the operating system, such as `"SIGINT"`. */
export type SignalName = NodeJS.Signals;

/** These end or stop a process, and no program can do anything about it. */
const uncatchable = new Set(["SIGKILL", "SIGSTOP"]);

/**
 * Checks the names of signals to listen for.
 *
 * @throws {TypeError} there is none, or one that is not a string.
 * @throws {RangeError} one that this platform does not know, or that no program can catch.
 */
export function checkSignalNames(names: unknown, where: string): asserts names is SignalName[] {
  if (!Array.isArray(names))
    throw new TypeError(`${where} needs a list of signals, such as ["SIGINT"], not ${typeof names}.`);
  if (names.length === 0) throw new TypeError(`${where} needs at least one signal, such as "SIGINT".`);
  for (const name of names as unknown[]) {
    if (typeof name !== "string") {
      throw new TypeError(`${where} needs names of signals such as "SIGINT", not ${typeof name}.`);
    }
    if (!Object.hasOwn(constants.signals, name)) {
      throw new RangeError(
        `${where}: there is no signal "${name}" on ${process.platform}; the names are those of os.constants.signals.`,
      );
    }
    if (uncatchable.has(name)) throw new RangeError(`${where}: no program can catch ${name}.`);
  }
}

/** The exit code that shells give a program which a signal has ended: 128 and the signal's number. */
export function exitCodeOf(signal: SignalName): number {
  return 128 + constants.signals[signal];
}

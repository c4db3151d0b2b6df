import type { Call } from "./call.ts";
import { NotCloneableError, ThreadDiedError } from "./thread-errors.ts";

/*
 * What the world does to a thread, in words: the error that the call gets whose thread it was.
 */

/** Nobody's call was hurt, but no error is dropped. */
export function warn(crash: unknown): void {
  const what = crash instanceof Error ? (crash.stack ?? crash.message) : String(crash);
  process.emitWarning(
    `A thread of the pool was ended, while it ran no call, by an error that nobody caught there: ${what}`,
  );
}

/** A message came, but what was in it did not. */
export function unreadable(what: string, call: Call): NotCloneableError {
  return new NotCloneableError(
    `${what} of "${call.parts.target.name}" could not be read on the other side of the border between threads. Send plain data.`,
  );
}

/** Why a call ended with its thread, and what to do about it. */
export function died(call: Call, exitCode: number, crash: unknown, started: boolean): ThreadDiedError {
  const options = { exitCode, ...(crash === undefined ? {} : { cause: crash }) };
  const doing = `while it ran "${call.parts.target.name}"`;
  if (!started) {
    return new ThreadDiedError(
      `A thread could not be started: it ended with exit code ${exitCode}.`,
      options,
    );
  }
  if ((crash as { code?: unknown } | undefined)?.code === "ERR_WORKER_OUT_OF_MEMORY") {
    return new ThreadDiedError(
      `The thread ran out of memory ${doing}. Work on smaller pieces, or start the program with a larger --max-old-space-size.`,
      options,
    );
  }
  if (crash !== undefined) {
    return new ThreadDiedError(
      `The thread was ended ${doing} by an error that nobody caught there: ${(crash as Error).message}. Look for a ` +
        "promise that nobody awaits, or a callback of a timer or an event, that throws.",
      options,
    );
  }
  return new ThreadDiedError(
    `The thread was ended ${doing}, with exit code ${exitCode}: process.exit was called there. Throw an error instead.`,
    options,
  );
}

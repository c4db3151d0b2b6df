import { errorMessage } from "@espalier/core/lowlevel";
import type { Call } from "./call.ts";
import { read } from "./foreign-values.ts";
import { NotCloneableError, ThreadDiedError } from "./thread-errors.ts";

/*
 * What the world does to a thread, in words: the error that the call gets whose thread it was.
 */

/** What nobody in a thread has caught; anything can be thrown, `undefined` too. */
export interface Crash {
  readonly error: unknown;
}

/** Nobody's call was hurt, but no error is dropped. */
export function warn({ error }: Crash): void {
  const stack = read(error, "stack");
  process.emitWarning(
    "A thread of the pool was ended, while it ran no call, by an error that nobody caught there: " +
      (typeof stack === "string" ? stack : errorMessage(error)),
  );
}

/** A message came, but what was in it did not. */
export function unreadable(what: string, call: Call): NotCloneableError {
  return new NotCloneableError(
    `${what} of "${call.parts.target.name}" could not be read on the other side of the border between threads. Send plain data.`,
  );
}

/** Why a call ended with a thread that never got to its program. */
export function couldNotStart(exitCode: number, crash: Crash | undefined): ThreadDiedError {
  const why = crash === undefined ? "" : `: ${errorMessage(crash.error)}`;
  return new ThreadDiedError(
    `A thread could not be started: it ended with exit code ${exitCode}${why}`,
    optionsOf(exitCode, crash),
  );
}

/** Why a call ended with its thread, and what to do about it. */
export function died(
  call: Call,
  exitCode: number,
  crash: Crash | undefined,
  began: boolean,
): ThreadDiedError {
  const doing = began ? `while it ran "${call.parts.target.name}"` : whenItWasTo(call);
  const options = optionsOf(exitCode, crash);
  if (crash === undefined) {
    return new ThreadDiedError(
      `The thread was ended ${doing}, with exit code ${exitCode}: process.exit was called there. Throw an error instead.`,
      options,
    );
  }
  if (read(crash.error, "code") === "ERR_WORKER_OUT_OF_MEMORY") {
    return new ThreadDiedError(
      `The thread ran out of memory ${doing}. Work on smaller pieces, or start the program with a larger --max-old-space-size.`,
      options,
    );
  }
  return new ThreadDiedError(
    `The thread was ended ${doing} by an error that nobody caught there: ${errorMessage(crash.error)}. Look for a ` +
      "promise that nobody awaits, or a callback of a timer or an event, that throws.",
    options,
  );
}

function whenItWasTo(call: Call): string {
  const why = call.movable ? "for the second time" : "and the arguments had been moved to it";
  return `just when it was to run "${call.parts.target.name}", ${why}`;
}

function optionsOf(exitCode: number, crash: Crash | undefined): ErrorOptions & { readonly exitCode: number } {
  return { exitCode, ...(crash !== undefined && { cause: crash.error }) };
}

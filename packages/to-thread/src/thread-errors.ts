import { BrandedError, errorMessage } from "@espalier/core/lowlevel";

/**
 * The module of a call could not be used: it was not found, it threw while it was loaded (the error is the `cause`), or it
 * has no such function.
 */
export class ThreadModuleError extends BrandedError {
  static override readonly brand: string = "espalier.ThreadModuleError";
}

/** An argument, a result or something that was thrown cannot be cloned, so it cannot cross the border between threads. */
export class NotCloneableError extends BrandedError {
  static override readonly brand: string = "espalier.NotCloneableError";
}

/** Why something cannot be cloned, for the middle of a message: the runtime's own words end with a period. */
export function cloneRefusal(error: unknown): string {
  return errorMessage(error).replace(/\.$/, "");
}

/** The thread ended in the middle of the call: out of memory, `process.exit`, an error that nobody caught (the `cause`). */
export class ThreadDiedError extends BrandedError {
  static override readonly brand: string = "espalier.ThreadDiedError";
  /** The exit code of the thread, where there was one. */
  readonly exitCode: number | undefined;

  constructor(message: string, options: ErrorOptions & { readonly exitCode?: number | undefined } = {}) {
    super(message, options);
    this.exitCode = options.exitCode;
  }
}

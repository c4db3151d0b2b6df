import { isInstance } from "@espalier/core/lowlevel";

/** What all errors of the border have in common: a brand, so that two installed copies know each other's. */
abstract class BorderError extends Error {
  static override [Symbol.hasInstance](value: unknown): boolean {
    return isInstance(this, value);
  }
}

/**
 * The module of a call could not be used: it was not found, it threw while it was loaded (the error is the `cause`), or it
 * has no such function.
 */
export class ThreadModuleError extends BorderError {
  static readonly brand: string = "espalier.ThreadModuleError";

  override get name(): string {
    return "ThreadModuleError";
  }
}

/** An argument, a result or something that was thrown cannot be cloned, so it cannot cross the border between threads. */
export class NotCloneableError extends BorderError {
  static readonly brand: string = "espalier.NotCloneableError";

  override get name(): string {
    return "NotCloneableError";
  }
}

/** The thread ended in the middle of the call: out of memory, `process.exit`, an error that nobody caught (the `cause`). */
export class ThreadDiedError extends BorderError {
  static readonly brand: string = "espalier.ThreadDiedError";
  /** The exit code of the thread, where there was one. */
  readonly exitCode: number | undefined;

  constructor(message: string, options: ErrorOptions & { readonly exitCode?: number | undefined } = {}) {
    super(message, options);
    this.exitCode = options.exitCode;
  }

  override get name(): string {
    return "ThreadDiedError";
  }
}

import { reasonText } from "./error-text.ts";

/** What cancelled a scope. */
export type CancelSource = "explicit" | "deadline" | "nursery" | "signal" | "shutdown" | "scope-closed";

/**
 * Why a cancellation happened: a description for people and logs. Nothing decides by it, because several scopes may be
 * cancelled at once and only the first reason that reached the code is reported.
 */
export interface CancelReason {
  /**
   * `explicit`: somebody called `cancel()`. `deadline`: time ran out. `nursery`: a sibling or the nursery's body failed.
   * `signal`: an `AbortSignal` given to the scope aborted. `shutdown`: the process was asked to stop. `scope-closed`: the
   * code outlived the scope that it began in.
   */
  readonly source: CancelSource;
  /** What the caller of `cancel()` passed, the error of the sibling, the signal's reason. */
  readonly reason?: unknown;
  /** The name of the scope or task that was cancelled. */
  readonly scope?: string;
  /** Where `cancel()` was called; only in debug mode. */
  readonly stack?: string;
}

/** One sentence that says the same. */
export function describeReason(reason: CancelReason): string {
  const scope = reason.scope === undefined ? "" : ` of "${reason.scope}"`;
  switch (reason.source) {
    case "explicit":
      return `cancelled: cancel()${scope} was called${because(reason.reason)}`;
    case "deadline":
      return `cancelled: the deadline${scope} passed`;
    case "nursery":
      return `cancelled: the nursery${scope} is winding down${because(reason.reason)}`;
    case "signal":
      return `cancelled: the AbortSignal${scope} aborted${because(reason.reason)}`;
    case "shutdown":
      return `cancelled: the program was asked to stop${because(reason.reason)}`;
    case "scope-closed":
      return (
        `cancelled: this code outlived ${reason.scope === undefined ? "its scope" : `the scope "${reason.scope}"`} ` +
        "in which it began; await it inside, or begin it in detached(...) if it is meant to outlive every scope"
      );
  }
}

function because(reason: unknown): string {
  return reason === undefined ? "" : ` (${reasonText(reason)})`;
}

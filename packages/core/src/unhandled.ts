import type { CancelReason } from "./cancel-reason.ts";

/** Marks a rejection as one that nobody is obliged to look at: it does not end the process. */
export function allowUnhandled(rejected: Promise<unknown>): void {
  rejected.catch(ignore);
}

/**
 * Whether a refused checkpoint has to be looked at. In a cancelled scope it need not: of several that are begun there,
 * all but the first that is awaited would end the process, and the scope is there to end the code. Code that has outlived
 * its scope is told: it may go on for ever, and the message names the remedy.
 */
export function mustBeHandled(reason: CancelReason): boolean {
  return reason.source === "scope-closed";
}

function ignore(): void {
  // nobody is obliged
}

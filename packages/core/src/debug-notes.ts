import type { CancelStatus } from "./cancel-status.ts";

/** What debug mode keeps with a status; written by debug.ts. */
export interface DebugNotes {
  /** `Date.now()` when it was opened. */
  readonly since: number;
  /** The stack of the call that opened it. */
  readonly openedAt: string;
  /** What the last checkpoint in it was: the label of a wait, or that it did not have to. */
  lastCheckpoint?: string;
}

/** What debug mode knows of a status; `undefined` without debug mode. */
export function notesOf(status: CancelStatus): DebugNotes | undefined {
  return status.notes as DebugNotes | undefined;
}

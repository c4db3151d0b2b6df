import { InternalError } from "@espalier/core";

/** What always holds. For the checks that tests make after every step; if it fails, the bug is ours. */
export function invariant(holds: boolean, text: string): void {
  if (!holds) throw new InternalError(`This must never happen, please file a bug: ${text}.`);
}

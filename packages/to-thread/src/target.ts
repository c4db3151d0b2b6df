import type { TargetDefinition } from "./messages.ts";
import { sharedInThread } from "./shared-in-thread.ts";

/** A function of a module, as the main side knows it. */
export interface Target extends TargetDefinition {
  /** What threads call it by. */
  readonly number: number;
}

/**
 * One for each function, however often its module is named: threads keep what they have been told. And of all installed
 * copies: a thread of one copy may be sent a function of another, whose numbers must not be its own.
 */
const targets: Map<string, Target> = sharedInThread("targets", () => new Map<string, Target>());

export function targetFor(url: string, name: string): Target {
  const key = JSON.stringify([url, name]);
  let target = targets.get(key);
  if (target === undefined) {
    target = { url, name, number: targets.size };
    targets.set(key, target);
  }
  return target;
}

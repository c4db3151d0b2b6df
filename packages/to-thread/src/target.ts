import type { TargetDefinition } from "./messages.ts";

/** A function of a module, as the main side knows it. */
export interface Target extends TargetDefinition {
  /** What threads call it by. */
  readonly number: number;
}

let targets = 0;

export function makeTarget(url: string, name: string): Target {
  return { url, name, number: targets++ };
}

import { inspect } from "node:util";

import { spawnSiteOf } from "@espalier/core/lowlevel";

/*
 * An error as text for people, with everything that hangs on it: the members of groups, the causes, what a disposal
 * suppressed; in debug mode also where the task was spawned that it ended. It is what is left of a program that failed, so
 * nothing may stop it: every property of a foreign object may throw, or be anything.
 */

/** So far down a chain of causes and groups; further down it says nothing new, and the margin grows with each. */
const deepest = 50;
/** So many members of one group. */
const mostMembers = 100;

/** Describes an error with its whole tree. Never throws, whatever was thrown. */
export function describeError(error: unknown): string {
  const lines: string[] = [];
  describe(error, 0, lines, new Set());
  return lines.join("\n");
}

function describe(error: unknown, depth: number, lines: string[], seen: Set<unknown>): void {
  const margin = "  ".repeat(depth);
  const print = (text: string): void => {
    for (const line of text.split("\n")) lines.push(margin + line);
  };
  if (!isError(error)) {
    print(`${showThrown(error)} (thrown; it is not an Error)`);
    return;
  }
  if (seen.has(error)) {
    print(`${title(error)} (described above)`);
    return;
  }
  seen.add(error);
  if (depth === deepest) {
    print(`${title(error)} (what is below it is left out)`);
    return;
  }
  print([title(error), ...frames(error)].join("\n"));
  const spawnSite = spawnSiteOf(error);
  if (spawnSite !== undefined) print(`[in the task "${spawnSite.task}", spawned]\n${spawnSite.stack}`);
  for (const [heading, related] of relatives(error)) {
    print(`[${heading}]`);
    if (related !== nobody) describe(related, depth + 1, lines, seen);
  }
}

/** Stands for members that are left out. */
const nobody = Symbol();

/** What hangs on an error, each with a heading. */
function* relatives(error: Error): Generator<[heading: string, related: unknown]> {
  const members = read(error, "errors");
  if (Array.isArray(members)) {
    const count = members.length;
    for (let i = 0; i < Math.min(count, mostMembers); i++) yield [`${i + 1} of ${count}`, read(members, i)];
    if (count > mostMembers) yield [`${count - mostMembers} more are left out`, nobody];
  }
  if (read(error, "name") === "SuppressedError") {
    yield ["raised while cleaning up", read(error, "error")];
    yield ["suppressed by it", read(error, "suppressed")];
  }
  const cause = read(error, "cause");
  if (cause !== undefined) yield ["caused by", cause];
}

function title(error: Error): string {
  return `${show(read(error, "name"))}: ${show(read(error, "message"))}`;
}

/** The frames only: the head of a stack may be older than the message. */
function frames(error: Error): string[] {
  const stack = read(error, "stack");
  return typeof stack === "string" ? stack.split("\n").filter((line) => /^\s+at /.test(line)) : [];
}

function isError(value: unknown): value is Error {
  try {
    return value instanceof Error;
  } catch {
    return false;
  }
}

function read(object: object, key: PropertyKey): unknown {
  try {
    return (object as Record<PropertyKey, unknown>)[key];
  } catch {
    return undefined;
  }
}

/** An object has no text of its own as a rule, but something in it. */
function showThrown(value: unknown): string {
  if (typeof value !== "object" || value === null) return show(value);
  try {
    return inspect(value);
  } catch {
    return show(value);
  }
}

function show(value: unknown): string {
  try {
    return String(value);
  } catch {
    return "a value that cannot be printed";
  }
}

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

/** The types that leave by each door; values are the business of exports.test.ts. */
const types = {
  index: [
    "BlockedRequest",
    "CancelReason",
    "CancelSource",
    "Clock",
    "ClockHost",
    "RunOptions",
    // Named by currentTask(). The class of the same name, for those who make tasks of their own, is in lowlevel.
    "Task",
    "TaskStatus",
    "TaskTreeNode",
  ],
  lowlevel: [
    "Instrument",
    "OnAbort",
    "OnCancelled",
    "Outcome",
    "Runtime",
    "SpawnSite",
    "StatusKind",
    "TaskState",
    "Ticket",
    "Unwinding",
    "Wait",
  ],
  testing: ["MockClockOptions", "Probe", "Resumption", "RunWithOptions", "Scheduler"],
} as const;

/** The names that a door lists as types. */
function typesOf(door: string): string[] {
  const source = readFileSync(new URL(`../../src/${door}.ts`, import.meta.url), "utf8");
  const names: string[] = [];
  for (const [, all, list] of source.matchAll(/\bexport\s+(type\s+)?\{([^}]*)\}/g)) {
    for (const item of list!.split(",")) {
      const name = item.trim();
      if (all !== undefined && name !== "") names.push(name);
      else if (name.startsWith("type ")) names.push(name.slice("type ".length));
    }
  }
  return names;
}

describe.each(Object.keys(types) as (keyof typeof types)[])("the door %s", (door) => {
  it("exports these types and no others", () => {
    expect(typesOf(door).sort()).toEqual([...types[door]].sort());
  });

  it("is a list of names and nothing else", () => {
    const source = readFileSync(new URL(`../../src/${door}.ts`, import.meta.url), "utf8");
    const rest = source.replace(/export\s+(type\s+)?\{[^}]*\}\s+from\s+"\.\/[\w-]+\.ts";/g, "").trim();
    expect(rest).toBe("");
  });
});

it("each type leaves by exactly one door", () => {
  const names = Object.values(types).flatMap((each): readonly string[] => each);
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
});

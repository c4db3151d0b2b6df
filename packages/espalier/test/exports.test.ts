import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

type Door = Record<string, unknown>;

/** Imports a door by a name that is known at run time only. */
async function open(specifier: string): Promise<Door> {
  const door = (await import(specifier)) as Door;
  return { ...door };
}

function isClass(value: unknown): value is { readonly name: string } {
  return typeof value === "function" && /^class\b/.test(Function.prototype.toString.call(value));
}

const { exports, dependencies } = JSON.parse(
  readFileSync(new URL("../package.json", import.meta.url), "utf8"),
) as {
  exports: Record<string, unknown>;
  dependencies: Record<string, string>;
};
/** "channel", "core/lowlevel", ... */
const subpaths = Object.keys(exports)
  .filter((path) => path !== "." && path !== "./package.json")
  .map((path) => path.slice(2));
/** The packages whose names are under the main door as well. */
const packages = subpaths.filter((path) => !path.includes("/"));

describe("espalier", () => {
  it("gives every name of every package, as the very same thing, and no other", async () => {
    const names = new Set<string>(); // testing passes on some of the core's
    const umbrella = await open("espalier");
    for (const path of packages) {
      for (const [name, value] of Object.entries(await open(`@espalier/${path}`))) {
        expect(umbrella[name], `${name} of ${path}`).toBe(value);
        names.add(name);
      }
    }
    expect(Object.keys(umbrella).sort()).toEqual([...names].sort());
  });

  it.each(subpaths)("gives @espalier/%s under that subpath", async (path) => {
    const door = await open(`@espalier/${path}`);
    const same = await open(`espalier/${path}`);
    expect(Object.keys(same).sort()).toEqual(Object.keys(door).sort());
    for (const [name, value] of Object.entries(door)) expect(same[name]).toBe(value);
  });

  // Left to itself, the build writes a class that names itself in its own body as `class _Name`; see configs/tsup.ts.
  it.each(subpaths)(
    "prints the classes of @espalier/%s by the names that they are exported by",
    async (path) => {
      for (const [name, value] of Object.entries(await open(`@espalier/${path}`)))
        if (isClass(value)) expect(value.name).toBe(name);
    },
  );

  it("has a subpath for each package that it depends on", () => {
    const names = subpaths.filter((path) => !path.includes("/")).map((path) => `@espalier/${path}`);
    expect(names.sort()).toEqual(Object.keys(dependencies).sort());
  });
});

// What the other scripts ask about the packages.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The folders of all workspace packages, relative to the root. */
export function workspaceFolders() {
  return ["packages", "examples"]
    .filter((parent) => existsSync(join(root, parent)))
    .flatMap((parent) => readdirSync(join(root, parent)).map((name) => `${parent}/${name}`))
    .concat("bench", "docs")
    .filter((folder) => existsSync(join(root, folder, "package.json")));
}

/**
 * The published packages, lowest floor first, then by name. A door is one way in: `specifier` is what a user imports
 * ("@espalier/core/lowlevel"), `subpath` its key in `exports` ("./lowlevel"), `source` and `types` are absolute paths.
 */
export function publishedPackages() {
  const found = [];
  for (const directory of readdirSync(join(root, "packages"))) {
    const folder = join(root, "packages", directory);
    if (!existsSync(join(folder, "package.json"))) continue;
    const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    if (manifest.private === true) continue;
    const doors = [];
    for (const [subpath, target] of Object.entries(manifest.exports)) {
      if (typeof target === "string" || target["@espalier/source"] === undefined) continue;
      doors.push({
        specifier: manifest.name + subpath.slice(1),
        subpath,
        source: join(folder, target["@espalier/source"]),
        types: join(folder, target.types),
      });
    }
    found.push({ name: manifest.name, directory, folder, manifest, doors, floor: manifest.espalier.floor });
  }
  return found.sort((a, b) => a.floor - b.floor || a.name.localeCompare(b.name, "en"));
}

/** The packages of ours that a package needs at run time, and theirs, itself included. */
export function withDependencies(each, packages) {
  const byName = new Map(packages.map((other) => [other.name, other]));
  const found = new Set([each]);
  for (const { manifest } of found) {
    for (const dependency of Object.keys(manifest.dependencies ?? {})) {
      const other = byName.get(dependency);
      if (other !== undefined) found.add(other);
    }
  }
  return [...found];
}

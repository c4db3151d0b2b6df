// Checks which way dependencies point: package.json says on which floor a package stands ("espalier": { "floor": n }),
// and everything it depends on, dev dependencies included, has to stand below. Also that imports say what they use.
// With --tables (in `npm test`) also that the tables of packages in the documentation have them all.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

import { root, workspaceFolders } from "./workspace.mjs";

const problems = [];

const packages = new Map();
for (const folder of workspaceFolders().map((each) => join(root, each))) {
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  packages.set(manifest.name, { folder, manifest, floor: manifest.espalier?.floor });
}

/** The TypeScript files below a folder. */
function sources(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.[cm]?ts$/.test(entry.name))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter((file) => !/[\\/](node_modules|dist|fixtures)[\\/]/.test(file));
}

/** The workspace packages that a file imports, by name. Comments (their examples) do not count. */
function imported(file) {
  const text = readFileSync(file, "utf8").replace(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, "");
  const found = text.matchAll(
    /(?:\bfrom|\bimport|\bimport\s*\()\s*["'](@[\w.-]+\/[\w.-]+|[\w.-]+)(?:\/[^"']*)?["']/g,
  );
  return new Set(Array.from(found, ([, name]) => name).filter((name) => packages.has(name)));
}

for (const [name, { folder, manifest, floor }] of packages) {
  if (!Number.isInteger(floor)) {
    problems.push(
      `${name}: package.json does not say on which floor it stands ("espalier": { "floor": n }).`,
    );
    continue;
  }
  const runtime = {
    ...manifest.dependencies,
    ...manifest.peerDependencies,
    ...manifest.optionalDependencies,
  };
  const every = { ...runtime, ...manifest.devDependencies };
  for (const [dependency, range] of Object.entries(every)) {
    const other = packages.get(dependency);
    if (other === undefined) continue;
    if (!(other.floor < floor)) {
      problems.push(
        `${name} (floor ${floor}) depends on ${dependency} (floor ${other.floor}). Dependencies point down only: ` +
          `raise "floor" in the package.json of ${name} if nothing below needs it, or move what both need below both.`,
      );
    }
    if (range !== "workspace:^")
      problems.push(`${name}: ${dependency} has to be "workspace:^", it is "${range}".`);
  }
  const published = manifest.private !== true;
  if (published && floor <= 2) {
    for (const dependency of Object.keys(runtime)) {
      if (!packages.has(dependency)) {
        problems.push(
          `${name} (floor ${floor}) depends on ${dependency}: floors 0 to 2 use nothing from outside.`,
        );
      }
    }
  }
  for (const part of ["src", "test", "bench"]) {
    const allowed = part === "src" ? runtime : every;
    for (const file of sources(join(folder, part))) {
      for (const dependency of imported(file)) {
        const place = relative(root, file);
        if (dependency === name) {
          if (part === "src") problems.push(`${place} imports its own package; import the file itself.`);
        } else if (!(dependency in allowed)) {
          problems.push(`${place} imports ${dependency}, which its package.json does not have for ${part}.`);
        }
      }
    }
  }
}

/** Whether the tables that people read have each published package once, on its floor. */
function checkTables() {
  const text = (...path) => readFileSync(join(root, ...path), "utf8");
  const rows = (table, start) => table.split(`\n| [\`${start}\`](`).length - 1;
  const readme = text("README.md");
  const umbrella = text("packages", "espalier", "README.md");
  const floors = text("docs", "design.md").matchAll(/^\| (\d+) +\| (`.*) \|$/gm);
  const drawn = Array.from(floors, ([, floor, cell]) => ({ floor: Number(floor), cell }));
  for (const [name, { manifest, floor }] of packages) {
    if (manifest.private === true) continue;
    const short = name.replace("@espalier/", "");
    const found = drawn.filter(({ cell }) => cell.includes(`\`${short}\``));
    if (found.length !== 1 || found[0].floor !== floor)
      problems.push(`docs/design.md, "Packages": \`${short}\` belongs on floor ${floor}, and nowhere else.`);
    if (name === short) continue;
    if (rows(readme, name) !== 1) problems.push(`README.md, "The packages": one row for ${name} is needed.`);
    if (floor < packages.get("espalier").floor && rows(umbrella, `espalier/${short}`) !== 1)
      problems.push(`packages/espalier/README.md, "Exports": one row for espalier/${short} is needed.`);
  }
}
if (process.argv.includes("--tables")) checkTables();

for (const problem of problems) console.error(problem);
if (problems.length === 0) console.log(`${packages.size} packages, every dependency points down.`);
process.exit(problems.length === 0 ? 0 : 1);

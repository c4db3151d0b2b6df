// Writes the lists of packages/espalier: the same names as the packages', one by one, under the main door and under a
// subpath for each door of theirs ("@espalier/channel" is "espalier/channel"). Checked in `npm test`.
//
//     npm run api                       writes them (and the API reports)
//     node scripts/umbrella.mjs         says what is out of date
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

import { format, resolveConfig } from "prettier";
import ts from "typescript";

import { publishedPackages, root } from "./workspace.mjs";

/**
 * Names that two packages have for different things. The one that users write more often keeps it under the main door;
 * under the subpaths both have their own.
 */
const renamed = { "@espalier/core": { Task: "TaskRecord" } };

/** The names that leave by a door, in the order of the file. */
function exportedNames(door) {
  const file = ts.createSourceFile(door, readFileSync(door, "utf8"), ts.ScriptTarget.Latest);
  const names = [];
  for (const statement of file.statements) {
    if (ts.isImportDeclaration(statement)) continue;
    if (!ts.isExportDeclaration(statement) || !ts.isNamedExports(statement.exportClause ?? {})) {
      throw new Error(`${relative(root, door)}: a door only lists names: export { name } from "./file.ts".`);
    }
    for (const each of statement.exportClause.elements) {
      names.push({ name: each.name.text, isType: statement.isTypeOnly || each.isTypeOnly });
    }
  }
  return names.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function exportList(specifier, names, aliases = {}) {
  const items = names.map(({ name, isType }) => {
    const alias = aliases[name];
    return `${isType ? "type " : ""}${name}${alias === undefined ? "" : ` as ${alias}`}`;
  });
  const onlyTypes = names.every(({ isType }) => isType);
  if (onlyTypes) return `export type { ${items.join(", ").replaceAll("type ", "")} } from "${specifier}";\n`;
  return `export { ${items.join(", ")} } from "${specifier}";\n`;
}

/** What two packages give under one name. */
function collisions(lists) {
  const owners = new Map();
  const problems = [];
  for (const { specifier, names } of lists) {
    for (const { name } of names) {
      const publicName = renamed[specifier]?.[name] ?? name;
      const other = owners.get(publicName);
      if (other !== undefined) {
        problems.push(
          `"${publicName}" is exported by ${other} and by ${specifier}: rename one of them, there or in umbrella.mjs.`,
        );
      }
      owners.set(publicName, specifier);
    }
  }
  return problems;
}

const packages = publishedPackages();
const umbrella = packages.find(({ name }) => name === "espalier");
// What stands above it, the lint rules, is no part of a program.
const below = packages.filter(({ floor }) => floor < umbrella.floor);
const note = "// Written by scripts/umbrella.mjs (npm run api).\n\n";

const wanted = new Map();
const main = [];
const exportsField = {};
function addDoor(subpath, text) {
  const file = `./src/${subpath === "." ? "index" : subpath.slice(2)}.ts`;
  wanted.set(join(umbrella.folder, file), note + text);
  const built = file.replace("./src/", "./dist/").replace(/\.ts$/, "");
  exportsField[subpath] = { "@espalier/source": file, types: `${built}.d.ts`, default: `${built}.js` };
}
for (const { doors } of below) {
  for (const { specifier, subpath, source } of doors) {
    if (subpath === ".") main.push({ specifier, names: exportedNames(source) });
  }
}
addDoor(".", main.map(({ specifier, names }) => exportList(specifier, names, renamed[specifier])).join("\n"));
for (const { doors } of below) {
  for (const { specifier, source } of doors) {
    addDoor(`./${specifier.slice("@espalier/".length)}`, exportList(specifier, exportedNames(source)));
  }
}
exportsField["./package.json"] = "./package.json";

const names = below.map(({ name }) => name).sort();
wanted.set(
  join(umbrella.folder, "package.json"),
  JSON.stringify({
    ...umbrella.manifest,
    exports: exportsField,
    dependencies: Object.fromEntries(names.map((name) => [name, "workspace:^"])),
  }),
);

const problems = collisions(main);
const update = process.argv.includes("--update");
const sources = join(umbrella.folder, "src");
const present = existsSync(sources)
  ? readdirSync(sources, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
  : [];
const outdated = [];
for (const [path, unformatted] of wanted) {
  const text = await format(unformatted, { ...(await resolveConfig(path)), filepath: path });
  if (existsSync(path) && readFileSync(path, "utf8") === text) continue;
  outdated.push(relative(root, path));
  if (!update) continue;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
for (const path of present.filter((each) => !wanted.has(each))) {
  outdated.push(relative(root, path));
  if (update) rmSync(path);
}
if (update) for (const path of outdated) console.log(`wrote ${path}`);
else for (const path of outdated) problems.push(`${path} is out of date: npm run api`);
for (const problem of problems) console.error(problem);
const count = main.reduce((sum, list) => sum + list.names.length, 0);
if (problems.length === 0)
  console.log(`espalier: ${count} names, ${Object.keys(exportsField).length - 2} subpaths.`);
process.exit(problems.length === 0 ? 0 : 1);

// Makes a package from template/: npm run new-package -- <name> [--floor <n>] [--description <text>]
import { existsSync, readdirSync, readFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { parseArgs } from "node:util";

import { root } from "./workspace.mjs";

const usage = `Usage: npm run new-package -- <name> [--floor <n>] [--description <text>]

  <name>         the part after @espalier/, in kebab-case: what the package is about, not "utils"
  --floor        where it stands (docs/design.md): one above the highest that it depends on; 1 or more, 3 if not given
  --description  one sentence for package.json and the README`;

function fail(message) {
  console.error(`${message}\n\n${usage}`);
  process.exit(1);
}

let parsed;
try {
  const options = {
    floor: { type: "string", default: "3" },
    description: { type: "string" },
    help: { type: "boolean" },
  };
  parsed = parseArgs({ allowPositionals: true, options });
} catch (error) {
  fail(error.message);
}
const { values, positionals } = parsed;
if (values.help) {
  console.log(usage);
  process.exit(0);
}
const [name, ...rest] = positionals;
if (name === undefined || rest.length > 0) fail("One name is needed.");
if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) fail(`"${name}" is no kebab-case name.`);
if (/^(utils?|helpers?|common|shared|misc)$/.test(name)) fail(`"${name}" says nothing. Name the idea.`);
const floor = Number(values.floor);
if (!Number.isInteger(floor) || floor < 1)
  fail("The floor is a whole number, 1 or more: the package stands on core.");
const description = values.description ?? `TODO: what @espalier/${name} is, in one sentence.`;
const folder = join(root, "packages", name);
if (existsSync(folder)) fail(`packages/${name} exists already.`);

/** Longer lines may have become too long, or shorter ones not; formatted when prettier is installed. */
const prettier = await import("prettier").catch(() => undefined);

const template = join(root, "template");
for (const entry of readdirSync(template, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue;
  const from = join(entry.parentPath ?? entry.path, entry.name);
  const place = relative(template, from);
  if (/(^|[\\/])(node_modules|dist|\.turbo)[\\/]/.test(place)) continue;
  const to = join(folder, place);
  let text = readFileSync(from, "utf8");
  if (place === "package.json") {
    const manifest = JSON.parse(text.replaceAll("{{name}}", name));
    manifest.description = description;
    manifest.espalier.floor = floor;
    text = `${JSON.stringify(manifest, undefined, 2)}\n`;
  } else {
    text = text.replaceAll("{{name}}", name).replaceAll("{{description}}", description);
  }
  if (prettier !== undefined) {
    const { inferredParser } = await prettier.getFileInfo(to);
    if (inferredParser !== null) {
      text = await prettier.format(text, { ...(await prettier.resolveConfig(to)), parser: inferredParser });
    }
  }
  mkdirSync(dirname(to), { recursive: true });
  writeFileSync(to, text);
}

const steps = [
  ["npm run pnpm -- install", "links it into the workspace, updates the lockfile"],
  ...(prettier === undefined ? [[`npm run format -- packages/${name}`, "formats it"]] : []),
  [`npm test -- --filter=@espalier/${name}`, "build, types and tests of this package"],
  [`npm run lint -- packages/${name}`, "lint, and that dependencies point down"],
];
const width = Math.max(...steps.map(([command]) => command.length));
console.log(`packages/${name} is there, on floor ${floor}. Next:

${steps.map(([command, does]) => `  ${command.padEnd(width)}   ${does}`).join("\n")}

Then put its first idea in the place of src/placeholder.ts and fill in the TODOs of its README. What else a package needs,
npm run api first of all, is in CONTRIBUTING.md under "Add a package".`);

// Writes what each package exports, with signatures, to packages/<name>/api.md, from the declarations that were built. The
// reports are checked in: a change of the API fails `npm test` until `npm run api` has been run, so that a diff shows it.
//
//     npm run api                 writes them (and the lists of the umbrella)
//     node scripts/api.mjs        says which are out of date
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative, sep } from "node:path";

import { format, resolveConfig } from "prettier";
import ts from "typescript";

import { publishedPackages, root } from "./workspace.mjs";

const packages = publishedPackages();
const program = ts.createProgram(
  packages.flatMap(({ doors }) => doors.map(({ types }) => types)),
  {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts"],
    types: ["node"],
    skipLibCheck: true,
  },
);
const checker = program.getTypeChecker();
const printer = ts.createPrinter({ removeComments: true });

/** What an exported name really is: follows `export { a } from` to the declaration. */
const origin = (symbol) =>
  (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol);

const exportsOf = (door) =>
  checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(door.types)));

/** Every declaration that leaves by some door, and the first door by which it does (lowest floor first). */
const owners = new Map();
for (const { doors } of packages) {
  for (const door of doors) {
    for (const symbol of exportsOf(door)) {
      if (!owners.has(origin(symbol))) owners.set(origin(symbol), { door, name: symbol.name });
    }
  }
}

const hidden = (node) =>
  ts.isPrivateIdentifier(node.name ?? node) ||
  (ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Private) !== 0 ||
  ts.getJSDocTags(node).some(({ tagName }) => tagName.text === "internal");

/** A declaration as a user may read it: without comments, private members and what is marked as internal. */
function shown(declaration) {
  const statement = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
  const { transformed } = ts.transform(statement, [
    (context) => (node) =>
      ts.visitEachChild(
        node,
        (child) => (ts.isClassElement(child) && hidden(child) ? undefined : child),
        context,
      ),
  ]);
  const text = printer.printNode(ts.EmitHint.Unspecified, transformed[0], declaration.getSourceFile());
  return text.replace(/^export (declare )?/, "export ");
}

/**
 * Collects types of ours that a declaration mentions and that no door gives: users meet them, as a base class perhaps, but
 * cannot name them. They are part of the API all the same.
 */
function collectUnnamed(declaration, found) {
  const visit = (node) => {
    if (ts.isClassElement(node) && hidden(node)) return;
    if (ts.isIdentifier(node)) {
      const symbol = checker.getSymbolAtLocation(node);
      const target = symbol && origin(symbol);
      const place = target?.declarations?.[0];
      const file = place?.getSourceFile().fileName ?? "";
      const isType =
        place !== undefined &&
        (ts.isInterfaceDeclaration(place) ||
          ts.isTypeAliasDeclaration(place) ||
          ts.isClassDeclaration(place));
      if (isType && /[\\/]packages[\\/][^\\/]+[\\/]dist[\\/]/.test(file) && !owners.has(target))
        found.add(target);
    }
    ts.forEachChild(node, visit);
  };
  visit(declaration);
}

function describeDoor(door) {
  const lines = [];
  const nameless = new Set();
  const elsewhere = new Map();
  const symbols = [...exportsOf(door)].sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const symbol of symbols) {
    const target = origin(symbol);
    const owner = owners.get(target);
    if (owner.door !== door) {
      const names = elsewhere.get(owner.door.specifier) ?? [];
      names.push(owner.name === symbol.name ? symbol.name : `${owner.name} as ${symbol.name}`);
      elsewhere.set(owner.door.specifier, names);
      continue;
    }
    if (target.declarations === undefined)
      throw new Error(`${door.specifier}: what ${symbol.name} is cannot be found. npm run build`);
    for (const declaration of target.declarations) {
      lines.push(shown(declaration));
      collectUnnamed(declaration, nameless);
    }
    if (target.name !== symbol.name) lines.push(`export { ${target.name} as ${symbol.name} };`);
  }
  for (const [specifier, names] of elsewhere)
    lines.unshift(`export { ${names.join(", ")} } from "${specifier}";`);
  const fence = (blocks) => `\`\`\`ts\n${blocks.join("\n\n")}\n\`\`\`\n`;
  const report = `## \`${door.specifier}\`\n\n${fence(lines)}`;
  if (nameless.size === 0) return report;
  // Grows while it is walked: what these mention belongs to them.
  for (const { declarations } of nameless) for (const each of declarations) collectUnnamed(each, nameless);
  const rest = [...nameless].sort((a, b) => (a.name < b.name ? -1 : 1));
  return `${report}\nMentioned, but exported by no door:\n\n${fence(rest.flatMap(({ declarations }) => declarations.map(shown)))}`;
}

const update = process.argv.includes("--update");
const problems = [];
for (const { name, folder, doors } of packages) {
  for (const door of doors)
    if (!existsSync(door.types)) throw new Error(`${relative(root, door.types)} is missing: npm run build`);
  const path = join(folder, "api.md");
  const text = `# API of ${name}\n\nWritten by \`npm run api\` from the built declarations; the diff of this file is the change of the API.\n\n${doors
    .map(describeDoor)
    .join("\n")}`;
  const report = await format(text, { ...(await resolveConfig(path)), filepath: path });
  if (existsSync(path) && readFileSync(path, "utf8") === report) continue;
  const place = relative(root, path).split(sep).join("/");
  if (update) {
    writeFileSync(path, report);
    console.log(`wrote ${place}`);
  } else problems.push(`${place} is out of date. If the change of the API is meant: npm run api`);
}
for (const problem of problems) console.error(problem);
if (problems.length === 0) console.log(`The API of ${packages.length} packages is as recorded.`);
process.exit(problems.length === 0 ? 0 : 1);

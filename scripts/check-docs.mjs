// Checks the code in the documentation against the built packages (`npm run docs`, part of `npm test`). With arguments,
// only in files whose path contains one of them: `npm run docs -- docs/recipes`.
//
// Looked at: README.md, docs/**/*.md, packages/*/README.md, examples/*/README.md, template/README.md excepted, and the
// `@example` blocks in packages/*/src. Each ```ts block has to compile as a module of its own, under the rules of
// the packages' own sources. A block marked ```ts run is also run in a process of its own and has to end well; when
// a ```text output block follows it, its standard output has to be that text. Other blocks are not looked at. No TODO of
// the template may be left in a README.
//
// An `@example` may leave out its imports: names that are exported by a package of ours, and that it does not
// declare itself, are imported for it. An `@example` without a fence is code from its first to its last line.
// `declare const url: string;` is how a block mentions what it does not show.
import { spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { availableParallelism } from "node:os";
import { basename, dirname, join, relative, sep } from "node:path";

import { transform } from "esbuild";

import { publishedPackages, root } from "./workspace.mjs";

const wanted = process.argv.slice(2);
// Two of us may be at work at the same time.
const cache = join(root, "node_modules", ".cache", `espalier-docs-${process.pid}`);
const timeoutMs = 30_000;

/** Files below a folder whose name ends so. */
function files(folder, ending) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter((file) => !/[\\/](node_modules|dist|\.vitepress|docs[\\/](api|packages))[\\/]/.test(file)) // or generated
    .sort();
}

/** Which name leaves a package by which door. */
function doorsByName(doors) {
  const found = new Map();
  for (const { specifier, source } of doors) {
    for (const name of exportedNames(readFileSync(source, "utf8"))) {
      // A default export has no name that an example could leave out.
      if (name !== "default" && !found.has(name)) found.set(name, specifier);
    }
  }
  return found;
}

/** The names that a door lists. */
function exportedNames(source) {
  const text = source.replace(/\/\*[^]*?\*\/|\/\/.*$/gm, "");
  const names = [];
  for (const [, list] of text.matchAll(/\bexport\s+(?:type\s+)?\{([^}]*)\}/g)) {
    for (const item of list.split(",")) {
      const name = item
        .trim()
        .replace(/^type\s+/, "")
        .split(/\s+as\s+/)
        .at(-1);
      if (name) names.push(name);
    }
  }
  const declared =
    /\bexport\s+(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?(?:const|let|function\*?|class|interface|type)\s+(\w+)/g;
  for (const [, name] of text.matchAll(declared)) names.push(name);
  return names;
}

/** The fenced blocks in lines of Markdown: `info` is what follows the backticks, `line` where the code begins. */
function fences(lines, firstLine) {
  const found = [];
  let open;
  for (const [index, text] of lines.entries()) {
    const fence = /^(\s*)(`{3,})(.*)$/.exec(text);
    if (open === undefined) {
      if (fence)
        open = {
          indent: fence[1],
          ticks: fence[2],
          info: fence[3].trim(),
          line: firstLine + index + 1,
          code: [],
        };
    } else if (fence && fence[2].length >= open.ticks.length && fence[3].trim() === "") {
      found.push({ info: open.info, line: open.line, code: open.code });
      open = undefined;
    } else {
      open.code.push(text.startsWith(open.indent) ? text.slice(open.indent.length) : text.trimStart());
    }
  }
  return found;
}

/** Turns fences into blocks to check, each `run` one with the output that follows it. */
function toBlocks(found, file, extra = {}) {
  const blocks = [];
  for (const [index, { info, line, code }] of found.entries()) {
    const [language, ...marks] = info.split(/\s+/);
    if (language !== "ts") continue;
    const next = found[index + 1];
    const output = next !== undefined && /^text\s+output$/.test(next.info) ? next.code.join("\n") : undefined;
    blocks.push({ file, line, code, run: marks.includes("run"), output, ...extra });
  }
  return blocks;
}

function markdownBlocks(file) {
  return toBlocks(fences(readFileSync(file, "utf8").split(/\r?\n/), 1), file);
}

/** The `@example` blocks of a source file. */
function exampleBlocks(file, owner) {
  const blocks = [];
  const source = readFileSync(file, "utf8");
  for (const comment of source.matchAll(/\/\*\*[^]*?\*\//g)) {
    if (!comment[0].includes("@example")) continue;
    const firstLine = source.slice(0, comment.index).split("\n").length;
    const lines = comment[0]
      .replace(/\*\/$/, "")
      .split(/\r?\n/)
      .map((line) => line.replace(/^\s*\/?\*+ ?/, ""));
    let fenced = false;
    let example;
    const finish = () => {
      if (example === undefined) return;
      const inside = fences(example.lines, example.line);
      if (inside.length > 0) blocks.push(...toBlocks(inside, file, { owner }));
      else if (example.lines.some((line) => line.trim() !== "")) {
        blocks.push({ file, line: example.line, code: example.lines, run: false, output: undefined, owner });
      }
      example = undefined;
    };
    for (const [index, line] of lines.entries()) {
      if (/^\s*```/.test(line)) fenced = !fenced;
      if (!fenced && /^@\w+/.test(line)) {
        finish();
        // A title may stand on the tag's own line.
        if (/^@example\b/.test(line)) example = { line: firstLine + index + 1, lines: [] };
      } else example?.lines.push(line);
    }
    finish();
  }
  return blocks;
}

/** The imports that an `@example` leaves out, on one line (so that line numbers stay simple to map). */
function missingImports(code, packages, owner) {
  const text = code.join("\n");
  const stripped = text.replace(/\/\*[^]*?\*\/|\/\/.*$/gm, "");
  const known = new Set();
  for (const [, list] of stripped.matchAll(/\bimport\s+(?:type\s+)?\{([^}]*)\}/g)) {
    for (const item of list.split(","))
      known.add(
        item
          .trim()
          .replace(/^type\s+/, "")
          .split(/\s+as\s+/)
          .at(-1),
      );
  }
  for (const [, name] of stripped.matchAll(/\b(?:const|let|var|function\*?|class|interface|type)\s+(\w+)/g))
    known.add(name);
  for (const [, list] of stripped.matchAll(/\b(?:const|let|var)\s*[[{]([^\]}]*)[\]}]/g)) {
    for (const item of list.split(","))
      known.add(
        item
          .trim()
          .split(/\s*[:=]\s*/)
          .at(0),
      );
    for (const item of list.split(","))
      known.add(
        item
          .trim()
          .split(/\s*:\s*/)
          .at(-1),
      );
  }
  const imports = [];
  for (const { names } of [...packages].sort((a, b) => Number(b.name === owner) - Number(a.name === owner))) {
    for (const [name, door] of names) {
      if (known.has(name) || !new RegExp(`(?<![.\\w$])${name}(?![\\w$])`).test(stripped)) continue;
      known.add(name);
      // Types and values alike: `verbatimModuleSyntax` is off for this one purpose.
      imports.push(`import { ${name} } from "${door}";`);
    }
  }
  return imports.join(" ");
}

/** Runs a block; gives what is wrong with it, or undefined. */
function runBlock(block) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ["--enable-source-maps", basename(block.script)], {
      cwd: dirname(block.script),
      stdio: ["ignore", "pipe", "pipe"],
      timeout: timeoutMs,
      killSignal: "SIGKILL",
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text) => (stderr += text));
    child.on("close", (code, signal) => {
      const printed = `${stdout}${stderr}`.trimEnd();
      if (signal !== null) resolve(`was ended after ${timeoutMs / 1000} s.\n${printed}`);
      else if (code !== 0) resolve(`ended with code ${code}.\n${printed}`);
      else if (block.output !== undefined && tidy(stdout) !== tidy(block.output)) {
        resolve(
          `printed something else than the page says.\n--- page\n${tidy(block.output)}\n--- run\n${tidy(stdout)}\n${stderr}`,
        );
      } else resolve(undefined);
    });
  });
}

/** Output without trailing blanks. */
function tidy(text) {
  return text
    .split(/\r?\n/)
    .map((line) => line.trimEnd())
    .join("\n")
    .trim();
}

const packages = publishedPackages().map((each) => ({ ...each, names: doorsByName(each.doors) }));
const blocks = [
  ...[join(root, "README.md")].filter((file) => existsSync(file)).flatMap(markdownBlocks),
  ...files(join(root, "docs"), ".md").flatMap(markdownBlocks),
  ...["packages", "examples"].flatMap((parent) =>
    readdirSync(join(root, parent))
      .map((name) => join(root, parent, name, "README.md"))
      .filter((file) => existsSync(file))
      .flatMap(markdownBlocks),
  ),
  ...packages.flatMap(({ name, folder }) =>
    files(join(folder, "src"), ".ts").flatMap((file) => exampleBlocks(file, name)),
  ),
].filter(({ file }) => wanted.length === 0 || wanted.some((part) => relative(root, file).includes(part)));

// A project of its own, with our packages in its node_modules as an installation would put them there.
mkdirSync(join(cache, "node_modules", "@espalier"), { recursive: true });
for (const { name, folder } of packages) symlinkSync(folder, join(cache, "node_modules", name), "junction");
writeFileSync(join(cache, "package.json"), JSON.stringify({ type: "module", private: true }));
writeFileSync(
  join(cache, "tsconfig.json"),
  JSON.stringify({
    extends: relative(cache, join(root, "tsconfig.base.json")).split(sep).join("/"),
    compilerOptions: {
      customConditions: [],
      verbatimModuleSyntax: false,
      noPropertyAccessFromIndexSignature: false,
      noEmit: true,
    },
    include: ["*.ts"],
  }),
);
for (const [index, block] of blocks.entries()) {
  const place = relative(root, block.file).replace(/[^\w]+/g, "-");
  block.name = `${place}-${block.line}-${index}`;
  const imports = block.owner === undefined ? "" : missingImports(block.code, packages, block.owner);
  block.text = `${imports}\nexport {};\n${block.code.join("\n")}\n`;
  writeFileSync(join(cache, `${block.name}.ts`), block.text);
}

const problems = [];
for (const { folder } of packages) {
  const file = relative(root, join(folder, "README.md"));
  if (wanted.length > 0 && !wanted.some((part) => file.includes(part))) continue;
  for (const [index, line] of readFileSync(join(root, file), "utf8").split("\n").entries())
    if (/\bTODO\b/.test(line))
      problems.push(`${file}:${index + 1} is still the template's: write it, or take the section out.`);
}
if (blocks.length > 0) {
  const tsc = join(root, "node_modules", "typescript7", "bin", "tsc");
  const checked = spawnSync(process.execPath, [tsc, "-p", cache, "--pretty", "false"], {
    cwd: cache,
    encoding: "utf8",
  });
  const byName = new Map(blocks.map((block) => [block.name, block]));
  for (const line of `${checked.stdout}${checked.stderr}`.split("\n")) {
    const located = /^(?:.*[\\/])?([^\\/()]+)\.ts\((\d+),(\d+)\): (.*)$/.exec(line);
    const block = located ? byName.get(located[1]) : undefined;
    if (block !== undefined) {
      block.broken = true;
      // Two lines stand before the block's own.
      const original = block.line + Math.max(0, Number(located[2]) - 3);
      problems.push(`${relative(root, block.file)}:${original}:${located[3]} ${located[4]}`);
    } else if (line.trim() !== "") problems.push(line);
  }
  if (checked.status !== 0 && problems.length === 0) problems.push(`tsc ended with code ${checked.status}.`);
}

const runnable = blocks.filter((block) => block.run && !block.broken);
const queue = [...runnable];
async function worker() {
  for (let block = queue.shift(); block !== undefined; block = queue.shift()) {
    block.script = join(cache, `${block.name}.mjs`);
    const options = {
      loader: "ts",
      target: "node20.19",
      format: "esm",
      sourcemap: "inline",
      sourcefile: `${block.name}.ts`,
    };
    writeFileSync(block.script, (await transform(block.text, options)).code);
    const problem = await runBlock(block);
    if (problem !== undefined) problems.push(`${relative(root, block.file)}:${block.line} ${problem}`);
  }
}
await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, worker));

rmSync(cache, { recursive: true, force: true });
for (const problem of problems) console.error(problem);
const summary = `${blocks.length} code blocks compiled, ${runnable.length} run`;
console.log(problems.length === 0 ? `${summary}.` : `${summary}: ${problems.length} problems.`);
process.exit(problems.length === 0 ? 0 : 1);

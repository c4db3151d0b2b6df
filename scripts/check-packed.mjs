// Checks the packages as strangers get them: packs every one, installs each alone into an empty project outside of the
// repository (what it depends on comes from the packed files too, and nothing from a registry), and there
//
// - imports every door from an ES module and requires it from CommonJS: the same names, the same things, no warning;
// - runs the smallest program of its README, whose output is to be the text that the README shows;
// - runs test/packed/program.mjs, where the package has one: for what a README's one block cannot show;
// - compiles that program, and a CommonJS module, under `nodenext` and `bundler`, library checks on.
//
// Then a tree with two versions of the core, which have to be one in context, errors and tasks.
//
//     node scripts/check-packed.mjs                   on this Node, without fetching anything (part of `npm test`)
//     node scripts/check-packed.mjs --all             on every runtime (part of `npm run matrix`)
//     node scripts/check-packed.mjs --all node@22     on some
//     ... --keep                                      leaves the projects there, to look at
import { spawn } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative } from "node:path";

import { transform } from "esbuild";

import { chooseRuntimes, provide } from "./runtimes.mjs";
import { publishedPackages, root, withDependencies } from "./workspace.mjs";

const timeoutMs = 120_000;
const windows = process.platform === "win32";
const problems = [];

/** Runs a command to its end; never throws for what the command did. */
function execute(command, args, cwd, { shell = false } = {}) {
  return new Promise((resolve, reject) => {
    // Variables of the npm or pnpm around us would change what the npm in here does.
    const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !/^(npm|pnpm)_/i.test(key)));
    const child = spawn(command, args, {
      cwd,
      shell,
      env: { ...env, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: timeoutMs,
      killSignal: "SIGKILL",
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text) => (stderr += text));
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code: code ?? signal, stdout, stderr }));
  });
}

const show = ({ code, stdout, stderr }) =>
  `ended with ${code}.\n${stdout}${stderr}`.trimEnd().replaceAll("\n", "\n    ");

/** Works through a list with two at a time. */
async function forEach(list, action) {
  const rest = [...list];
  await Promise.all(
    [1, 2].map(async () => {
      for (let each = rest.shift(); each !== undefined; each = rest.shift()) await action(each);
    }),
  );
}

/** Packs with pnpm, which writes version ranges in the place of `workspace:^`. Gives the file of each package. */
async function pack(packages, folder) {
  const filters = packages.map(({ name }) => `--filter=${name}`);
  const packed = await execute("pnpm", [...filters, "pack", "--pack-destination", folder], root, {
    shell: windows,
  });
  if (packed.code !== 0) throw new Error(`pnpm pack ${show(packed)}`);
  return new Map(
    packages.map(({ name, manifest }) => [
      name,
      join(folder, `${name.replace("@", "").replace("/", "-")}-${manifest.version}.tgz`),
    ]),
  );
}

/** Makes a project and installs into it; gives what is wrong, or undefined. */
async function install(folder, manifest) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, ...manifest }, undefined, 2));
  // Peers are linked (`writeUses`), not fetched.
  const args = ["install", "--offline", "--legacy-peer-deps", "--ignore-scripts", "--no-audit", "--no-fund"];
  args.push("--loglevel=error");
  const installed = await execute(windows ? "npm.cmd" : "npm", args, folder, { shell: windows });
  if (installed.code !== 0) return `npm install ${show(installed)}`;
  const { packages } = JSON.parse(readFileSync(join(folder, "package-lock.json"), "utf8"));
  const foreign = Object.entries(packages).filter(
    ([path, { resolved }]) => path !== "" && !resolved?.startsWith("file:"),
  );
  return foreign.length === 0 ? undefined : `installed from elsewhere: ${foreign.map(([path]) => path)}`;
}

/** The first program of a README, whether it can be run as it stands, and what it prints then. */
function smallestProgram(folder) {
  const readme = readFileSync(join(folder, "README.md"), "utf8");
  const section = /^## The smallest program\n([^]*?)^## /m.exec(readme)?.[1] ?? "";
  const found = /^```ts( run)?\n([^]*?)\n```(?:\n\n```text output\n([^]*?)\n```)?/m.exec(section);
  if (found === null) throw new Error(`${folder}/README.md has no smallest program.`);
  return { runnable: found[1] !== undefined, code: found[2], output: found[3] };
}

/** The files of a user of a package. */
async function writeUses(folder, { doors, manifest }, program) {
  // ESLint takes a plugin from the default export. A package that it is a peer of is one.
  const isPlugin = "eslint" in (manifest.peerDependencies ?? {});
  const specifiers = JSON.stringify(doors.map(({ specifier }) => specifier));
  writeFileSync(
    join(folder, "doors.mjs"),
    `for (const specifier of ${specifiers}) {
  const door = await import(specifier);
  const names = Object.keys(door);
  if (names.length === 0 || names.includes("default") !== ${isPlugin}) throw new Error(\`\${specifier} exports [\${names}]\`);
}
`,
  );
  writeFileSync(
    join(folder, "doors.cjs"),
    `const assert = require("node:assert");
async function compare(specifier) {
  const required = require(specifier);
  const imported = await import(specifier);
  // Node adds it to what has a default export.
  const names = Object.keys(required).filter((name) => name !== "__esModule");
  assert.deepStrictEqual(names.sort(), Object.keys(imported).sort(), specifier);
  for (const name of Object.keys(imported)) assert.strictEqual(required[name], imported[name], name);
}
Promise.all(${specifiers}.map(compare)).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
`,
  );
  const compiled = await transform(program.code, { loader: "ts", target: "node20.19", format: "esm" });
  writeFileSync(join(folder, "program.mjs"), compiled.code);

  writeFileSync(join(folder, "program.mts"), `${program.code}\nexport {};\n`);
  const imports = doors.map(({ specifier }, index) => `import door${index} = require("${specifier}");`);
  writeFileSync(
    join(folder, "commonjs.cts"),
    `${imports.join("\n")}\nexport const names = [${doors.map((_, index) => `door${index}`)}].map(Object.keys);\n`,
  );
  for (const name of Object.keys(manifest.peerDependencies ?? {})) link(name, folder);
}

/** What users have and we do not bring: peers, and the types of Node. */
function link(name, folder) {
  const to = join(folder, "node_modules", name);
  mkdirSync(dirname(to), { recursive: true });
  symlinkSync(realpathSync(join(root, "node_modules", name)), to, "junction");
}

const tidy = (text) => text.replaceAll("\r\n", "\n").trimEnd();

/** Runs one file of a project on a runtime; what it must print is optional. */
async function checkRun({ runtime, folder, name, file, output }) {
  const result = await execute(runtime.binary, [...runtime.args, file], folder);
  const place = `${name}: ${file} on ${runtime.name}`;
  if (result.code !== 0) problems.push(`${place} ${show(result)}`);
  else if (result.stderr !== "") problems.push(`${place} printed\n${result.stderr}`);
  else if (output !== undefined && tidy(result.stdout) !== tidy(output))
    problems.push(`${place} printed\n${result.stdout}\nand not, as the README has it,\n${output}`);
}

/** The two ways in which TypeScript looks for packages, and what of a user's it then compiles. */
const resolutions = {
  NodeNext: { module: "NodeNext", files: ["program.mts", "commonjs.cts"] },
  Bundler: { module: "Preserve", files: ["program.mts"] },
};

/** Compiles the users of all packages in one go; each finds only what is installed beside it. */
async function checkTypes({ compiler, moduleResolution, folder, users }) {
  const { module, files } = resolutions[moduleResolution];
  const project = join(folder, `${compiler.folder}-${moduleResolution}.json`);
  writeFileSync(
    project,
    JSON.stringify({
      compilerOptions: {
        target: "ES2022",
        module,
        moduleResolution,
        strict: true,
        exactOptionalPropertyTypes: true,
        skipLibCheck: false,
        noEmit: true,
        types: ["node"],
      },
      files: users.flatMap((user) => files.map((file) => join(user, file))),
    }),
  );
  const tsc = join(root, "node_modules", compiler.folder, "bin", compiler.file);
  const result = await execute(process.execPath, [tsc, "-p", project, "--pretty", "false"], folder);
  if (result.code !== 0) problems.push(`${compiler.name}, ${moduleResolution}: ${show(result)}`);
}

/** A copy of a tarball's package under another version. */
async function repack(tarball, version, folder) {
  const project = join(folder, "repack");
  const problem = await install(project, { dependencies: { "@espalier/core": `file:${tarball}` } });
  if (problem !== undefined) throw new Error(problem);
  const copy = join(folder, "copy");
  cpSync(join(project, "node_modules", "@espalier", "core"), copy, { recursive: true });
  const manifest = JSON.parse(readFileSync(join(copy, "package.json"), "utf8"));
  writeFileSync(join(copy, "package.json"), JSON.stringify({ ...manifest, version }));
  const args = ["pack", "--ignore-scripts", "--loglevel=error", "--pack-destination", folder];
  const packed = await execute(windows ? "npm.cmd" : "npm", args, copy, { shell: windows });
  if (packed.code !== 0) throw new Error(`npm pack ${show(packed)}`);
  return join(folder, `espalier-core-${version}.tgz`);
}

/**
 * A project whose own core is newer than those that its nursery and its scopes stand on. What the program prints is
 * the proof; without a shared context the first sleep would take a minute.
 */
async function installTwoCores(tarballs, folder) {
  const next = await repack(tarballs.get("@espalier/core"), "0.999.0", folder);
  const file = (name) => `file:${tarballs.get(name)}`;
  const project = join(folder, "two-cores");
  const problem = await install(project, {
    dependencies: { "@espalier/core": `file:${next}`, "@espalier/nursery": file("@espalier/nursery") },
    overrides: {
      "@espalier/nursery": {
        "@espalier/core": file("@espalier/core"),
        "@espalier/cancel-scope": file("@espalier/cancel-scope"),
      },
    },
  });
  if (problem !== undefined) throw new Error(problem);
  const copies = readdirSync(project, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name === "core")
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name, "package.json"))
    .filter((path) => basename(join(path, "..", "..")) === "@espalier" && existsSync(path))
    .map((path) => JSON.parse(readFileSync(path, "utf8")).version);
  if (new Set(copies).size !== 2) throw new Error(`two versions of the core were expected, not ${copies}`);
  writeFileSync(
    join(project, "program.mjs"),
    `import * as newer from "@espalier/core";
import { failAfter, moveOnAfter, TooSlowError } from "@espalier/cancel-scope";
import { openNursery } from "@espalier/nursery";

let seen;
const nothing = await moveOnAfter(10, async () => {
  try {
    await newer.sleep(60_000);
  } catch (error) {
    seen = error;
    throw error;
  }
});
console.log("cancelled:", nothing === undefined && seen instanceof newer.Cancelled);
console.log("deadline:", await failAfter(1000, () => newer.currentEffectiveDeadline() < Infinity));
console.log("too slow:", await failAfter(5, newer.sleepForever).catch((error) => error instanceof TooSlowError));
await newer.run(async () => {
  await openNursery((nursery) => {
    nursery.startSoon(async function child() {
      console.log("task:", newer.currentTask()?.name);
      console.log("in the tree:", newer.formatTaskTree().includes("child"));
    });
  });
  const misuse = await openNursery((nursery) => nursery).then((closed) => {
    try {
      closed.startSoon(() => {});
    } catch (error) {
      return error;
    }
  });
  console.log("recognised:", misuse instanceof newer.MisuseError);
});
`,
  );
  const output =
    "cancelled: true\ndeadline: true\ntoo slow: true\ntask: child\nin the tree: true\nrecognised: true\n";
  return { folder: project, name: "two versions of the core", file: "program.mjs", output };
}

const words = process.argv.slice(2);
const all = words.includes("--all");
const runtimes = all
  ? chooseRuntimes(words.filter((word) => !word.startsWith("-"))).map((runtime) => ({
      ...runtime,
      binary: provide(runtime),
    }))
  : [{ name: `node@${process.versions.node}`, binary: process.execPath, args: [] }];
const compilers = [
  { name: "TypeScript 7", folder: "typescript7", file: "tsc" },
  ...(all ? [{ name: "TypeScript 6", folder: "typescript", file: "tsc6" }] : []),
];

const start = performance.now();
const packages = publishedPackages();
const place = realpathSync(mkdtempSync(join(tmpdir(), "espalier-packed-")));
const runs = [];
/** The folders in which a package was installed. */
const users = [];
try {
  const tarballs = await pack(packages, place);
  await forEach(packages, async (each) => {
    const folder = join(place, each.directory);
    const needed = withDependencies(each, packages).filter((other) => other !== each);
    const file = (name) => `file:${relative(folder, tarballs.get(name)).replaceAll("\\", "/")}`;
    const problem = await install(folder, {
      dependencies: { [each.name]: file(each.name) },
      overrides: Object.fromEntries(needed.map(({ name }) => [name, file(name)])),
    });
    if (problem !== undefined) {
      problems.push(`${each.name}: ${problem}`);
      return;
    }
    const program = smallestProgram(each.folder);
    await writeUses(folder, each, program);
    const more = join(each.folder, "test", "packed");
    if (existsSync(more)) cpSync(more, join(folder, "packed"), { recursive: true });
    for (const runtime of runtimes) {
      for (const script of ["doors.mjs", "doors.cjs"])
        runs.push({ runtime, folder, name: each.name, file: script });
      if (existsSync(join(folder, "packed", "program.mjs")))
        runs.push({ runtime, folder, name: each.name, file: join("packed", "program.mjs") });
      if (program.runnable)
        runs.push({ runtime, folder, name: each.name, file: "program.mjs", output: program.output });
    }
    users.push(folder);
  });
  const twoCores = await installTwoCores(tarballs, place);
  for (const runtime of runtimes) runs.push({ runtime, ...twoCores });
  await forEach(runs, checkRun);
  link("@types/node", place);
  const compilations = Object.keys(resolutions).flatMap((moduleResolution) =>
    compilers.map((compiler) => ({ compiler, moduleResolution, folder: place, users })),
  );
  await forEach(compilations, checkTypes);
} finally {
  if (words.includes("--keep")) console.log(place);
  else rmSync(place, { recursive: true, force: true });
}

for (const problem of problems) console.error(problem);
const seconds = ((performance.now() - start) / 1000).toFixed(0);
console.log(
  `${packages.length} packages packed and installed, each alone; ${runs.length} programs run on ` +
    `${runtimes.map(({ name }) => name).join(", ")}; ${seconds} s` +
    (problems.length === 0 ? "." : `: ${problems.length} problems.`),
);
process.exit(problems.length === 0 ? 0 : 1);

// Measures what a program pays for each primitive and package: bundled by esbuild, minified, gzipped; beside Effection and
// Effect in the same way. The figures are checked in (docs/size.json, and docs/size.md made of it), so that a diff shows
// what a change costs.
//
//     npm run size               measures everything and writes both
//     node scripts/size.mjs      fails if something of ours has grown by more than 3 % (part of `npm test`)
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import { build } from "esbuild";
import { format, resolveConfig } from "prettier";

import { publishedPackages, root } from "./workspace.mjs";

/** What may be added without a word. Growth adds up until somebody records it. */
const tolerance = 0.03;

const figuresFile = join(root, "docs", "size.json");
const pageFile = join(root, "docs", "size.md");

/** Where everything of ours resolves, and where the others do. */
const ours = join(root, "packages", "espalier");
const others = join(root, "bench");

const use = (imports, value) => `${imports}\nglobalThis.used = ${value};`;
const named = (specifier, ...names) => use(`import { ${names} } from "${specifier}";`, `[${names}]`);

/** One thing to do, and what has to be imported for it. Effect by its smaller spelling: "effect" instead would be 31 kB and more. */
const tasks = [
  {
    name: "a time limit",
    espalier: ["`moveOnAfter`", named("@espalier/cancel-scope", "moveOnAfter"), 4],
    effection: ["`run`, `race`, `sleep`", named("effection", "run", "race", "sleep")],
    effect: [
      "`Effect.timeoutOption`, `.runPromise`",
      use('import * as Effect from "effect/Effect";', "[Effect.timeoutOption, Effect.runPromise]"),
    ],
  },
  {
    name: "a channel",
    espalier: ["`openMemoryChannel`", named("@espalier/channel", "openMemoryChannel"), 4],
    effection: ["`run`, `createChannel`", named("effection", "run", "createChannel")],
    effect: [
      "`Queue`'s `bounded`, `offer`, `take`; `Effect.runPromise`",
      use(
        'import * as Effect from "effect/Effect"; import * as Queue from "effect/Queue";',
        "[Queue.bounded, Queue.offer, Queue.take, Effect.runPromise]",
      ),
    ],
  },
  {
    name: "tasks that end with their block",
    espalier: ["`openNursery`", named("@espalier/nursery", "openNursery")],
    effection: ["`run`, `spawn`", named("effection", "run", "spawn")],
    effect: [
      "`Effect.forkChild`, `.scoped`, `.runPromise`",
      use('import * as Effect from "effect/Effect";', "[Effect.forkChild, Effect.scoped, Effect.runPromise]"),
    ],
  },
  {
    name: "a few at a time",
    espalier: ["`mapConcurrent`", named("@espalier/combinators", "mapConcurrent")],
    effect: [
      "`Effect.forEach`, `.runPromise`",
      use('import * as Effect from "effect/Effect";', "[Effect.forEach, Effect.runPromise]"),
    ],
  },
  {
    name: "a lock",
    espalier: ["`Lock`", named("@espalier/sync", "Lock")],
    effect: [
      "`Semaphore.make`, `Effect.runPromise`",
      use(
        'import * as Effect from "effect/Effect"; import * as Semaphore from "effect/Semaphore";',
        "[Semaphore.make, Effect.runPromise]",
      ),
    ],
  },
  { name: "a pause", espalier: ["`sleep`", named("@espalier/core", "sleep")] },
];

/** Whole packages, each with what it depends on. Lint rules are in no bundle. */
const packages = publishedPackages().filter(
  ({ manifest }) => !("eslint" in (manifest.peerDependencies ?? {})),
);
const anyRuntime = ["core", "cancel-scope", "sync", "channel", "nursery", "combinators"];
const everything = (specifiers) =>
  use(
    specifiers.map((specifier, index) => `import * as door${index} from "${specifier}";`).join("\n"),
    `[${specifiers.map((_, index) => `door${index}`)}]`,
  );
const wholes = [
  ...packages.map(({ name }) => ({ name, program: everything([name]) })),
  {
    name: "the six that run in any runtime",
    program: everything(anyRuntime.map((name) => `@espalier/${name}`)),
    aim: 14,
  },
];
const otherWholes = ["effection", "effect"].map((name) => ({ name, program: everything([name]) }));

/** Bytes of a program's bundle: minified, and gzipped. */
async function measure(program, resolveDir) {
  const result = await build({
    stdin: { contents: program, resolveDir },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "node", // what Node brings stays outside
    target: "node20.19",
    legalComments: "none",
    logLevel: "error",
    write: false,
  });
  const [{ contents }] = result.outputFiles;
  return { minified: contents.length, gzipped: gzipSync(contents, { level: 9 }).length };
}

async function measureOurs() {
  const figures = {};
  for (const { espalier } of tasks)
    figures[espalier[0].replaceAll("`", "")] = await measure(espalier[1], ours);
  for (const { name, program } of wholes) figures[name] = await measure(program, ours);
  return figures;
}

async function measureOthers() {
  const figures = {};
  for (const task of tasks) {
    for (const name of ["effection", "effect"]) {
      if (task[name] !== undefined) figures[`${name}: ${task.name}`] = await measure(task[name][1], others);
    }
  }
  for (const { name, program } of otherWholes) figures[name] = await measure(program, others);
  return figures;
}

const kilobytes = (bytes) => (bytes / 1000).toFixed(1);

/** The page, made of the figures alone. */
async function render({ versions, espalier, others: foreign }) {
  const cell = (figure, what) =>
    figure === undefined ? "" : `${kilobytes(figure.gzipped)}${what === undefined ? "" : ` (${what})`}`;
  const taskRows = tasks.map(
    (task) =>
      `| ${task.name} | ${cell(espalier[task.espalier[0].replaceAll("`", "")], task.espalier[0])} | ` +
      `${cell(foreign[`effection: ${task.name}`], task.effection?.[0])} | ${cell(foreign[`effect: ${task.name}`], task.effect?.[0])} |`,
  );
  const wholeRow = (name, figure) =>
    `| ${name} | ${kilobytes(figure.minified)} | ${kilobytes(figure.gzipped)} |`;
  const aims = [
    ...tasks
      .filter(({ espalier: [, , aim] }) => aim !== undefined)
      .map(({ espalier: [name, , aim] }) => ({ name, aim, figure: espalier[name.replaceAll("`", "")] })),
    ...wholes
      .filter(({ aim }) => aim !== undefined)
      .map((each) => ({ ...each, figure: espalier[each.name] })),
  ];
  const text = `# Size

Written by \`npm run size\`. What a program pays for what it imports: bundled by esbuild, minified, gzipped; the modules of Node stay
outside. In kilobytes (1000 bytes). \`npm test\` fails when one of ours grows by more than ${tolerance * 100} % of what is recorded.

## One primitive

A bundle of just this. The second primitive costs much less than the first: they share the core.

| for | Espalier | Effection ${versions.effection} | Effect ${versions.effect} |
| --- | --- | --- | --- |
${taskRows.join("\n")}

Effect is measured by its smaller spelling, \`import * as Effect from "effect/Effect"\`; \`import { Effect } from "effect"\` brings more.
What the three give for it differs: see the [comparison](comparison.md).

## Whole packages

Each with what it depends on.

| package | minified | gzipped |
| --- | --- | --- |
${packages.map(({ name }) => wholeRow(`\`${name}\``, espalier[name])).join("\n")}
| | | |
${wholeRow("core, cancel-scope, sync, channel, nursery and combinators: all that runs in any runtime", espalier["the six that run in any runtime"])}
${otherWholes.map(({ name }) => wholeRow(`all of ${name}`, foreign[name])).join("\n")}

## What was aimed at

| | aim | is |
| --- | --- | --- |
${aims.map(({ name, aim, figure }) => `| ${name} | ${aim} | ${kilobytes(figure.gzipped)} |`).join("\n")}

Where an aim is missed, that is the price of what is in the smallest bundle already: a tree of cancel statuses, one heap of deadlines
with one timer, a scheduler that lets timers and I/O have their turn, the rule for what a scope catches inside groups of errors,
and messages that name the remedy. By part, and what was weighed against it: [decision 16](decisions/0016-the-core-comes-whole.md).
`;
  return format(text, { ...(await resolveConfig(pageFile)), filepath: pageFile });
}

const writeJson = async (path, value) =>
  writeFileSync(
    path,
    await format(JSON.stringify(value), { ...(await resolveConfig(path)), filepath: path }),
  );

const { dependencies } = JSON.parse(readFileSync(join(ours, "package.json"), "utf8"));
const unknown = packages.filter(({ name }) => name !== "espalier" && !(name in dependencies));
for (const { name } of unknown)
  console.error(`${name} is not in the umbrella package yet: npm run api, then npm run size`);
if (unknown.length > 0) process.exit(1);

const measured = await measureOurs();
if (process.argv.includes("--update")) {
  const version = (name) =>
    JSON.parse(readFileSync(join(others, "node_modules", name, "package.json"), "utf8")).version;
  const figures = {
    versions: { effection: version("effection"), effect: version("effect") },
    espalier: measured,
    others: await measureOthers(),
  };
  await writeJson(figuresFile, figures);
  writeFileSync(pageFile, await render(figures));
  console.log("wrote docs/size.json and docs/size.md");
  process.exit(0);
}

const recorded = existsSync(figuresFile) ? JSON.parse(readFileSync(figuresFile, "utf8")) : { espalier: {} };
const problems = [];
for (const [name, { gzipped }] of Object.entries(measured)) {
  const before = recorded.espalier[name]?.gzipped;
  if (before === undefined) {
    problems.push(`${name} is not recorded: npm run size`);
    continue;
  }
  const growth = gzipped / before - 1;
  const change = `${name}: ${kilobytes(before)} kB was recorded, now ${kilobytes(gzipped)} (${growth > 0 ? "+" : ""}${(growth * 100).toFixed(1)} %)`;
  if (growth > tolerance)
    problems.push(`${change}. If it is worth that: npm run size, and say why in the commit.`);
  else if (growth < -tolerance) console.log(`${change}. To record it: npm run size`);
}
for (const name of Object.keys(recorded.espalier))
  if (measured[name] === undefined) problems.push(`${name} is recorded but gone: npm run size`);
if (problems.length === 0 && readFileSync(pageFile, "utf8") !== (await render(recorded)))
  problems.push("docs/size.md is not what docs/size.json says: npm run size");
for (const problem of problems) console.error(problem);
if (problems.length === 0)
  console.log(`${Object.keys(measured).length} sizes, none has grown by more than ${tolerance * 100} %.`);
process.exit(problems.length === 0 ? 0 : 1);

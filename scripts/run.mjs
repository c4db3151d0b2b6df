// What `npm start`, `npm test` and their like call. Needs Node and npm, nothing else: it fetches the pinned pnpm
// through npx, installs when something changed, and runs one command.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { delimiter, dirname, join } from "node:path";

import { root, workspaceFolders } from "./workspace.mjs";

const windows = process.platform === "win32";
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Espalier needs Node 20.19 or later; this is ${process.version}.`);
  process.exit(1);
}

const cores = availableParallelism();
const env = {
  ...process.env,
  // turbo knows neither the Node version nor what is outside a package. Without these two (turbo.json, `globalEnv`)
  // a second run on another Node would be answered from the cache, with nothing tested.
  NODE_MAJOR: String(major),
  NODE_EXACT: process.version,
  TURBO_TELEMETRY_DISABLED: "1",
  TURBO_NO_UPDATE_NOTIFIER: "1",
  DO_NOT_TRACK: "1",
  npm_config_update_notifier: "false",
};
// Two packages are tested at a time, each with half of the cores.
env.VITEST_MAX_WORKERS ??= String(Math.max(1, Math.floor(cores / 2)));
// npm's own variables would be taken for pnpm's.
for (const key of Object.keys(env)) {
  if (/^npm_(lifecycle|package|command|execpath|node_execpath)/.test(key)) delete env[key];
}

/** Runs a command in the root; gives its exit code. */
function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, env, stdio: "inherit", shell: windows, ...options });
  if (result.error) throw result.error;
  return result.status ?? 1;
}

/** Runs Node, with no shell in between. */
const node = (...args) => run(process.execPath, args, { shell: false });

/** Puts the pinned pnpm on PATH (turbo and publint call it): one that is there already, else by npx. */
function providePnpm() {
  const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const spec = packageManager.split("+")[0];
  const capture = { cwd: root, env, encoding: "utf8", shell: windows };
  const there = spawnSync("pnpm", ["--version"], capture);
  if (there.status !== 0 || `pnpm@${there.stdout.trim()}` !== spec) {
    // --prefer-offline: npx would ask the registry each time. --ignore-scripts=false: a user's setting to the
    // contrary leaves a placeholder in place of the pnpm binary.
    const npx = ["--yes", "--prefer-offline", "--ignore-scripts=false", `--package=${spec}`, "--"];
    const found = spawnSync(windows ? "npx.cmd" : "npx", [...npx, "node", "-p", "process.env.PATH"], {
      ...capture,
      stdio: ["inherit", "pipe", "inherit"],
    });
    const path = found.stdout?.trim().split("\n").at(-1);
    if (found.status !== 0 || !path) {
      console.error(`Could not fetch ${spec} with npx.`);
      process.exit(1);
    }
    for (const key of Object.keys(env)) if (key.toUpperCase() === "PATH") delete env[key];
    env.PATH = path;
  }
  env.PATH = [join(root, "node_modules", ".bin"), env.PATH].join(delimiter);
}

/** Installs unless what decides about node_modules is unchanged since the last time. */
function install() {
  const hash = createHash("sha256");
  const files = ["pnpm-lock.yaml", "pnpm-workspace.yaml", ".npmrc", "package.json"];
  for (const file of [...files, ...workspaceFolders().map((folder) => `${folder}/package.json`)]) {
    if (existsSync(join(root, file))) hash.update(`${file}\n`).update(readFileSync(join(root, file)));
  }
  const state = hash.update(process.platform + process.arch).digest("hex");
  const stamp = join(root, "node_modules", ".cache", "espalier-installed");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === state) return;
  const code = run("pnpm", ["install", "--frozen-lockfile"]);
  if (code !== 0) {
    console.error("\nThe installation failed. If a package.json was changed: npm run pnpm -- install");
    process.exit(code);
  }
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, state);
}

const turbo = (...args) => run("turbo", ["run", ...args, "--output-logs=errors-only", "--ui=stream"]);

/** Builds what a program needs, in silence unless it fails. */
function buildFor(name) {
  const args = ["run", "build", `--filter=${name}...`, "--output-logs=errors-only", "--ui=stream"];
  const result = spawnSync("turbo", args, { cwd: root, env, encoding: "utf8", shell: windows });
  if (result.status !== 0) console.error(`${result.stdout}${result.stderr}`);
  return result.status ?? 1;
}

/** Adds up what the suites wrote down; turbo brings the files back for suites it did not have to run. */
function countTests() {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const folder of workspaceFolders()) {
    for (const name of ["source", "dist"]) {
      const file = join(root, folder, ".vitest", `${name}.json`);
      if (!existsSync(file)) continue;
      const report = JSON.parse(readFileSync(file, "utf8"));
      sum.passed += report.numPassedTests;
      sum.failed += report.numFailedTests;
      sum.skipped += report.numPendingTests + report.numTodoTests;
    }
  }
  return sum;
}

/** Runs everything that has to hold, to the end even when a step fails, and sums up. Gives the exit code. */
function test(args) {
  const partial = args.some((arg) => /^(--filter|-F|--affected)/.test(arg));
  const results = [];
  let broken = false;
  const step = (name, action, { wholeOnly = false, needsBuild = false } = {}) => {
    if ((wholeOnly && partial) || (needsBuild && broken)) {
      results.push({ name, outcome: broken ? "not run: the build failed" : "not run: a filter is set" });
      return true;
    }
    console.log(`\n— ${name}`);
    const start = performance.now();
    const ok = action() === 0;
    results.push({ name, outcome: ok ? "ok" : "FAILED", ms: performance.now() - start, failed: !ok });
    return ok;
  };
  const keepGoing = "--continue=dependencies-successful";
  for (const folder of workspaceFolders())
    rmSync(join(root, folder, ".vitest"), { recursive: true, force: true });

  step("floors", () => node("scripts/check-floors.mjs", "--tables"), { wholeOnly: true });
  step("umbrella", () => node("scripts/umbrella.mjs"), { wholeOnly: true });
  step("workspace", () => run("sherif", ["--fail-on-warnings"]), { wholeOnly: true });
  step("format", () => prettier("--check"), { wholeOnly: true });
  broken = !step("build", () => turbo("build", ...args));
  const rootChecks = partial ? [] : ["//#check:types", "//#check:eslint"];
  const types = () => turbo("types", ...rootChecks, keepGoing, ...args);
  step(partial ? "types" : "types, lint", types, { needsBuild: true });
  if (partial) results.push({ name: "lint", outcome: "not run: a filter is set" });
  step("packages", () => turbo("check:pkg", keepGoing, ...args), { needsBuild: true });
  step("api", () => turbo("//#check:api"), { wholeOnly: true, needsBuild: true });
  step("size", () => node("scripts/size.mjs"), { wholeOnly: true, needsBuild: true });
  step("packed", () => turbo("//#check:packed"), { wholeOnly: true, needsBuild: true });
  step("tests", () => turbo("test", "--concurrency=2", keepGoing, ...args), {
    needsBuild: true,
  });
  step("docs", () => node("scripts/check-docs.mjs"), { wholeOnly: true, needsBuild: true });
  step("examples", () => turbo("example", "--concurrency=1", keepGoing, ...args), { needsBuild: true });

  console.log(`\nNode ${process.version}`);
  for (const { name, outcome, ms } of results) {
    const time = ms === undefined ? "" : `${(ms / 1000).toFixed(1)} s`.padStart(8);
    console.log(`  ${name.padEnd(12)} ${outcome.padEnd(7)}${time}`);
  }
  const failures = results.filter(({ failed }) => failed).map(({ name }) => name);
  const { passed, failed, skipped } = countTests();
  const holds = partial
    ? "What was run holds. Before a pull request: npm run lint -- <folder>, npm run format -- <folder>, npm test."
    : "Everything holds.";
  console.log(`\n${failures.length === 0 ? holds : `FAILED: ${failures.join(", ")}`}`);
  console.log(`${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`);
  return failures.length === 0 ? 0 : 1;
}

function prettier(mode, ...args) {
  const options = ["--cache", "--cache-strategy=content", "--log-level=warn"];
  return run("prettier", [mode, ...(args.length > 0 ? args : ["."]), ...options]);
}

function matrix() {
  const suites = node("scripts/matrix.mjs", ...args);
  return args.includes("--list") ? suites : node("scripts/check-packed.mjs", "--all", ...args) || suites;
}

const site = (script) => run("pnpm", ["--filter=@espalier/docs", "run", script]);

const [command = "test", ...args] = process.argv.slice(2);
const commands = {
  /** The tour. */
  start: () => buildFor("@espalier/example-tour") || node("examples/tour/dist/main.js", ...args),
  test: () => test(args),
  build: () => turbo("build", ...args),
  types: () => turbo("types", "//#check:types", ...args),
  /** For work in progress: with eslint's cache, which does not see that a type changed in another file. */
  lint: () =>
    node("scripts/check-floors.mjs") ||
    run("eslint", [
      ...(args.length > 0 ? args : ["."]),
      "--max-warnings=0",
      "--cache",
      "--cache-strategy=content",
      "--cache-location=node_modules/.cache/eslint/",
    ]),
  format: () => prettier("--write", ...args),
  bench: () => buildFor("@espalier/bench") || node("--expose-gc", "bench/dist/main.js", ...args),
  /** The suites of the built packages, and the packages as packed, on every supported runtime. */
  matrix: () => turbo("build") || matrix(),
  /** After a change of what a package exports: the lists of the umbrella, and the reports. */
  api: () =>
    node("scripts/umbrella.mjs", "--update") ||
    run("pnpm", ["install", "--prefer-offline"]) ||
    turbo("build") ||
    node("scripts/api.mjs", "--update"),
  /** Records what each package costs. */
  size: () => turbo("build") || node("scripts/size.mjs", "--update"),
  docs: () => turbo("build") || node("scripts/check-docs.mjs", ...args),
  /** Builds the site and opens it in a browser, where there is one. */
  "docs:site": () => site("site:build") || site("site:test"),
  "docs:dev": () => site("site:dev"),
  coverage: () => run("vitest", ["run", "--coverage", ...args]),
  pnpm: () => run("pnpm", args),
  /** Writes a changeset; with `version`, raises the versions and writes the changelogs. */
  changeset: () => run("changeset", args),
  /** A release in a copy of the tree, published dry. */
  rehearse: () => turbo("build") || node("scripts/rehearse-release.mjs", ...args),
  /** Publishes what has a version that the registry has not. For the release workflow. */
  release: () => turbo("build") || node("scripts/check-packed.mjs") || run("changeset", ["publish"]),
};
if (!Object.hasOwn(commands, command)) {
  console.error(`There is no command "${command}". Commands: ${Object.keys(commands).join(", ")}.`);
  process.exit(1);
}
providePnpm();
if (command !== "pnpm") install();
process.exit(commands[command]());

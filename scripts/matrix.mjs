// Runs the suites of the built packages on every runtime that is supported (`npm run matrix`; `.ci/run` calls it after
// `npm test`). The runtimes come from the npm registry, into node_modules/.cache/runtimes, and are kept there.
//
//     npm run matrix                      all runtimes
//     npm run matrix -- node@22 bun       some of them
//     npm run matrix -- --list
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const cache = join(root, "node_modules", ".cache", "runtimes");
const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
const windows = process.platform === "win32";
const nodePackage = `node-${windows ? "win" : process.platform}-${process.arch}`;

/** Exact versions, so that a red run on one machine is red on another. */
const runtimes = [
  node("20.19.0"), // the floor
  node("20.20.2"),
  node("22.23.3"),
  node("24.21.0"),
  node("26.10.0"),
  { name: "bun@1.4.5", install: "bun@1.4.5", binary: join("bun", "bin", "bun.exe"), args: ["--bun"] },
  {
    name: "deno@2.9.6",
    install: "deno@2.9.6",
    binary: join(".bin", windows ? "deno.cmd" : "deno"),
    args: ["run", "-A"],
  },
];

function node(version) {
  return {
    name: `node@${version}`,
    install: `${nodePackage}@${version}`,
    binary: join(nodePackage, "bin", windows ? "node.exe" : "node"),
    args: [],
  };
}

/** Fetches a runtime unless it is there; gives the path of its binary. */
function provide(runtime) {
  const folder = join(cache, runtime.name.replace("@", "-"));
  const binary = join(folder, "node_modules", runtime.binary);
  if (existsSync(binary)) return binary;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  // --ignore-scripts=false: bun and deno put their binaries in place after the installation.
  const args = [
    "install",
    "--no-audit",
    "--no-fund",
    "--ignore-scripts=false",
    "--loglevel=error",
    runtime.install,
  ];
  const result = spawnSync(windows ? "npm.cmd" : "npm", args, {
    cwd: folder,
    stdio: "inherit",
    shell: windows,
  });
  if (result.status !== 0 || !existsSync(binary)) throw new Error(`Could not fetch ${runtime.install}.`);
  return binary;
}

/** Runs all suites once; gives how many tests passed and failed. */
function runSuites(runtime) {
  const binary = provide(runtime);
  const report = join(cache, `${runtime.name}.json`);
  writeFileSync(report, "{}");
  const args = [...runtime.args, vitest, "run", "--mode", "dist", "--reporter=default", "--reporter=json"];
  const result = spawnSync(binary, [...args, `--outputFile.json=${report}`], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
    maxBuffer: 2 ** 28,
    env: { ...process.env, ESPALIER_MATRIX: runtime.name, NO_COLOR: "1" },
  });
  const {
    numPassedTests: passed = 0,
    numFailedTests: failed = 0,
    numPendingTests: skipped = 0,
  } = JSON.parse(readFileSync(report, "utf8"));
  const ok = result.status === 0 && passed > 0;
  if (!ok) console.log(`${result.stdout ?? ""}\n${result.stderr ?? ""}\n${result.error ?? ""}`);
  return { ok, passed, failed, skipped };
}

const wanted = process.argv.slice(2);
if (wanted.includes("--list")) {
  for (const { name } of runtimes) console.log(name);
  process.exit(0);
}
const chosen = runtimes.filter(
  ({ name }) => wanted.length === 0 || wanted.some((each) => name.startsWith(each)),
);
if (chosen.length === 0) {
  console.error(`No such runtime. There are: ${runtimes.map(({ name }) => name).join(", ")}.`);
  process.exit(1);
}

const sum = { passed: 0, failed: 0 };
const red = [];
for (const runtime of chosen) {
  const start = performance.now();
  const { ok, passed, failed, skipped } = runSuites(runtime);
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  console.log(
    `  ${runtime.name.padEnd(14)} ${ok ? "ok    " : "FAILED"} ${String(passed).padStart(6)} passed` +
      `${failed === 0 ? "" : `, ${failed} failed`}${skipped === 0 ? "" : `, ${skipped} skipped`}, ${seconds} s`,
  );
  sum.passed += passed;
  sum.failed += failed;
  if (!ok) red.push(runtime.name);
}
console.log(red.length === 0 ? "\nEvery runtime holds." : `\nFAILED on: ${red.join(", ")}`);
console.log(`${sum.passed} passed, ${sum.failed} failed`);
process.exit(red.length === 0 ? 0 : 1);

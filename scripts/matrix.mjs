// Runs the suites of the built packages on every runtime that is supported (`npm run matrix`; `.ci/run` calls it after
// `npm test`).
//
//     npm run matrix                      all runtimes
//     npm run matrix -- node@22 bun       some of them
//     npm run matrix -- --list
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { chooseRuntimes, provide, runtimeCache, runtimes } from "./runtimes.mjs";
import { root } from "./workspace.mjs";

const vitest = join(root, "node_modules", "vitest", "vitest.mjs");

/** Runs all suites once; gives how many tests passed and failed. */
function runSuites(runtime) {
  const binary = provide(runtime);
  const report = join(runtimeCache, `${runtime.name}.json`);
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
const chosen = chooseRuntimes(wanted);

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

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";
import { expect, it } from "vitest";

const here = fileURLToPath(new URL(".", import.meta.url));

// Bun and Deno have test runners of their own in the place of `node --test`.
const onNode = !("Bun" in globalThis || "Deno" in globalThis);

it.runIf(onNode)("the example for node:test passes", async () => {
  const target = mkdtempSync(join(tmpdir(), "espalier-testing-"));
  try {
    const bundle = join(target, "node-test.test.mjs");
    await build({
      entryPoints: [join(here, "fixtures/node-test-example.ts")],
      outfile: bundle,
      bundle: true,
      format: "esm",
      platform: "node",
      conditions: process.env["ESPALIER_TEST_DIST"] === "1" ? [] : ["@espalier/source"],
      logLevel: "error",
    });
    const { code, output } = await runNode(["--test", bundle]);
    expect(output).toMatch(/pass 2\b/);
    expect(code).toBe(0);
  } finally {
    rmSync(target, { recursive: true, force: true });
  }
});

// The one for vitest is a test of this suite itself: examples/vitest.test.ts.

it.each(["examples/vitest.test.ts", "fixtures/node-test-example.ts"])(
  "the README shows %s as it is",
  (file) => {
    const readme = readFileSync(join(here, "../README.md"), "utf8");
    expect(readme).toContain(readFileSync(join(here, file), "utf8"));
  },
);

async function runNode(args: string[]): Promise<{ code: number | null; output: string }> {
  const env: NodeJS.ProcessEnv = { ...process.env, NODE_OPTIONS: "", NO_COLOR: "1" };
  delete env["NODE_TEST_CONTEXT"];
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"], timeout: 25_000 });
  let output = "";
  child.stdout.on("data", (data: Buffer) => (output += data.toString()));
  child.stderr.on("data", (data: Buffer) => (output += data.toString()));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  return { code, output };
}

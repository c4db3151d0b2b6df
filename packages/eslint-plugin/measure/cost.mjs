// What the plugin costs: lints the sources of this repository with types, with and without it, each several times in turn, in
// processes of their own, and compares the medians. Without it, the rules of typescript-eslint's `recommendedTypeChecked` run.
//
//     node measure/cost.mjs [repetitions]
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ESLint } from "eslint";

const root = join(dirname(fileURLToPath(import.meta.url)), "../../..");
const folders = ["core", "nursery"];
const patterns = folders.flatMap((name) => [`packages/${name}/src/**/*.ts`, `packages/${name}/test/**/*.ts`]);

async function lint(withPlugin) {
  const { default: tseslint } = await import(join(root, "node_modules/typescript-eslint/dist/index.js"));
  const { default: espalier } = await import("../dist/index.js");
  const eslint = new ESLint({
    cwd: root,
    overrideConfigFile: true,
    allowInlineConfig: false,
    overrideConfig: [
      ...tseslint.configs.recommendedTypeChecked.map((each) => ({ ...each, files: ["**/*.ts"] })),
      {
        files: ["**/*.ts"],
        languageOptions: { parserOptions: { project: "./tsconfig.eslint.json", tsconfigRootDir: root } },
      },
      ...(withPlugin ? [{ files: ["**/*.ts"], ...espalier.configs.strict }] : []),
    ],
  });
  // CPU time: other programs of the machine do not count.
  const start = process.cpuUsage();
  const results = await eslint.lintFiles(patterns);
  const { user, system } = process.cpuUsage(start);
  const ms = (user + system) / 1000;
  const lines = results.reduce(
    (sum, { filePath }) => sum + readFileSync(filePath, "utf8").split("\n").length,
    0,
  );
  console.log(JSON.stringify({ ms, lines }));
}

if (process.argv[2] === "--one") await lint(process.argv[3] === "with");
else {
  const repetitions = Number(process.argv[2] ?? 5);
  const times = { without: [], with: [] };
  let lines = 0;
  for (let i = 0; i < repetitions; i++) {
    for (const kind of ["without", "with"]) {
      const out = execFileSync(process.execPath, [fileURLToPath(import.meta.url), "--one", kind], {
        encoding: "utf8",
      });
      const one = JSON.parse(out.trim().split("\n").at(-1));
      times[kind].push(one.ms);
      lines = one.lines;
    }
  }
  const median = (list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)];
  const [without, withIt] = [median(times.without), median(times.with)];
  console.log(
    `${lines} lines: ${(without / 1000).toFixed(2)} s of CPU time without, ${(withIt / 1000).toFixed(2)} s with the plugin: ` +
      `${((withIt / without - 1) * 100).toFixed(1)} % more (medians of ${repetitions})`,
  );
}

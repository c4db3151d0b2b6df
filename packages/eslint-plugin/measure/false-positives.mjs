// Lints public code bases that ship their TypeScript sources, and counts what each rule says. By default the rules look at files
// that import Espalier, and there are none; so they are also counted with `everywhere`, as if all of it could run in a task.
//
//     node measure/false-positives.mjs [--show] [package@version ...]
//
// Needs the registry, and the built plugin. Without types: the code bases' own dependencies are not installed.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import parser from "@typescript-eslint/parser";
import { Linter } from "eslint";
import espalier from "../dist/index.js";

const args = process.argv.slice(2);
const show = args.includes("--show");
const named = args.filter((arg) => !arg.startsWith("-"));
const specs = named.length > 0 ? named : ["effect@3.18.4", "rxjs@7.8.2", "zod@4.1.12"];
const config = (everywhere) => [
  {
    files: ["**/*.ts"],
    ...espalier.configs.strict,
    languageOptions: { parser },
    linterOptions: { reportUnusedDisableDirectives: "off" },
    settings: { espalier: { everywhere } },
  },
];

const place = mkdtempSync(join(tmpdir(), "espalier-measure-"));
try {
  for (const spec of specs) {
    const folder = join(place, spec.replace(/\W+/g, "-"));
    mkdirSync(folder);
    const pack = ["pack", spec, "--pack-destination", folder, "--silent"];
    execFileSync("npm", pack, { stdio: ["ignore", "ignore", "inherit"] });
    const [tarball] = readdirSync(folder);
    execFileSync("tar", ["-xzf", join(folder, tarball), "-C", folder]);
    const root = join(folder, "package", "src");
    const files = readdirSync(root, { recursive: true })
      .map(String)
      .filter(
        (file) => /(?<!\.d)\.ts$/.test(file) && !/(^|[\\/])(tests?|__tests__)[\\/]|\.test\.ts$/.test(file),
      );
    const linter = new Linter({ configType: "flat", cwd: root });
    let lines = 0;
    const counts = { default: new Map(), everywhere: new Map() };
    for (const file of files) {
      const code = readFileSync(join(root, file), "utf8");
      lines += code.split("\n").length;
      for (const mode of ["default", "everywhere"]) {
        for (const { ruleId, line, message } of linter.verify(code, config(mode === "everywhere"), file)) {
          if (ruleId !== null && !ruleId.startsWith("espalier/")) continue;
          const name = ruleId ?? `not parsed: ${message}`;
          counts[mode].set(name, (counts[mode].get(name) ?? 0) + 1);
          if (show && mode === "everywhere") {
            const text = code.split("\n")[line - 1].trim();
            console.log(`  ${relative(place, join(root, file))}:${line} ${name}\n      ${text}`);
          }
        }
      }
    }
    const sum = (map) => [...map.values()].reduce((total, each) => total + each, 0);
    console.log(`${spec}: ${files.length} files, ${lines} lines; ${sum(counts.default)} reports`);
    console.log(`  with everywhere: ${sum(counts.everywhere)}`);
    for (const [name, count] of counts.everywhere) console.log(`    ${count} ${name}`);
  }
} finally {
  rmSync(place, { recursive: true, force: true });
}

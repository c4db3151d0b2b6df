import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

import { programBuild } from "../../configs/tsup.ts";

/** The TypeScript files in a folder: their names, after a prefix and without an ending, and their texts. */
function sources(folder: string, prefix: string): [name: string, text: string][] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".ts"))
    .map((file) => [prefix + basename(file, ".ts"), readFileSync(join(folder, file), "utf8")]);
}

const shown = Object.fromEntries([
  ...sources("src", ""),
  ...sources("src/stops", ""),
  ...sources("src/props", "props/"),
  ...sources("../word-count/src", "word-count/"),
]);

export default programBuild({
  entry: [
    "src/main.ts",
    "src/usual-script.ts",
    "src/props/reload-*.ts",
    "src/props/export-*.ts",
    "src/props/thread-*.ts",
  ],
  define: { SOURCES: JSON.stringify(shown) },
});

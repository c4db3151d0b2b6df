// The rules of packages/eslint-plugin for our own lint, from their sources: nothing has to be built first, and a rule that is
// being written is tried on the repository at once.
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { build } from "esbuild";

const { outputFiles } = await build({
  entryPoints: [join(import.meta.dirname, "../packages/eslint-plugin/src/index.ts")],
  bundle: true,
  format: "esm",
  platform: "node",
  write: false,
});
const code = Buffer.from(outputFiles[0].contents).toString("base64");

/** What `import espalier from "@espalier/eslint-plugin"` gives. */
export const { default: espalier } = await import(`data:text/javascript;base64,${code}`);

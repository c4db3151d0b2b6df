import { readFileSync } from "node:fs";
import { join } from "node:path";

import { defineConfig, type Options } from "tsup";

type Plugin = NonNullable<Options["plugins"]>[number];

/** The lowest Node that is supported; `using` and the like are lowered for it. */
const target = "node20.19";

interface Manifest {
  exports?: Record<string, string | Record<string, string>>;
}

/** The source file of each door: what package.json has under "@espalier/source". */
export function doors(): string[] {
  const manifest = JSON.parse(readFileSync(join(process.cwd(), "package.json"), "utf8")) as Manifest;
  const found: string[] = [];
  for (const entry of Object.values(manifest.exports ?? {})) {
    if (typeof entry === "string") continue;
    const source = entry["@espalier/source"];
    if (source !== undefined) found.push(source.replace(/^\.\//, ""));
  }
  return found;
}

/**
 * Builds a package's JavaScript; `tsc` writes the declarations.
 *
 * `splitting` is what makes the doors of one package share their modules: without it each would hold a copy of
 * its own, with its own state. Other packages stay outside for the same reason.
 */
export function packageBuild(overrides: Options = {}): ReturnType<typeof defineConfig> {
  return defineConfig({
    entry: doors(),
    format: "esm",
    target,
    platform: "neutral",
    external: [/^node:/, /^@espalier\//],
    removeNodeProtocol: false,
    splitting: true,
    treeshake: false,
    dts: false,
    sourcemap: true,
    clean: true,
    silent: true,
    plugins: [ownClassNames],
    ...overrides,
  });
}

/**
 * Lets a class that names itself in its own body, as `clone()` does, keep its name. esbuild writes `var X = class _X {...}`
 * and `_X` in the body, and that is what `console.log` and stacks say then. `var X = class {...}` and `X` in the body mean
 * the same and print the right name, also when a program's bundler has been over it (of `class X` it makes `X2`). Only a
 * static initialiser must not name its class, because `X` is not set yet: the built package would not even load.
 *
 * Rejected: esbuild's `keepNames`, which adds a call to every class and every function. The source map is left as it is:
 * nothing moves but the rest of such a line, by one column.
 */
const ownClassNames: Plugin = {
  name: "own-class-names",
  renderChunk(code) {
    const renamed = new Set<string>();
    const anonymous = code.replace(/^var (\w+) = class _\1\b/gm, (_found, name: string) => {
      renamed.add(name);
      return `var ${name} = class`;
    });
    return {
      code: anonymous.replace(/\b_(\w+)/g, (found, name: string) => (renamed.has(name) ? name : found)),
    };
  },
};

/** Builds a program (an example, the benchmarks) that Node runs as `dist/<entry>.js`. Its dependencies stay outside. */
export function programBuild(overrides: Options = {}): ReturnType<typeof defineConfig> {
  return defineConfig({
    entry: ["src/main.ts"],
    format: "esm",
    target,
    platform: "node",
    external: [/^@espalier\//],
    removeNodeProtocol: false,
    splitting: true,
    dts: false,
    sourcemap: true,
    clean: true,
    silent: true,
    ...overrides,
  });
}

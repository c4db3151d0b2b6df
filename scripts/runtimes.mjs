// The runtimes that are supported, in exact versions, so that a red run on one machine is red on another. They come from
// the npm registry, into node_modules/.cache/runtimes, and are kept there.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { root } from "./workspace.mjs";

export const runtimeCache = join(root, "node_modules", ".cache", "runtimes");
const windows = process.platform === "win32";
const nodePackage = `node-${windows ? "win" : process.platform}-${process.arch}`;

/** `args` come before the script; `binary` is a path below the `node_modules` it is installed into. */
export const runtimes = [
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

/** The runtimes whose names begin with one of the words; all of them when there are none. */
export function chooseRuntimes(words) {
  const chosen = runtimes.filter(
    ({ name }) => words.length === 0 || words.some((word) => name.startsWith(word)),
  );
  if (chosen.length > 0) return chosen;
  console.error(`No such runtime. There are: ${runtimes.map(({ name }) => name).join(", ")}.`);
  process.exit(1);
}

/** Fetches a runtime unless it is there; gives the path of its binary. */
export function provide(runtime) {
  const folder = join(runtimeCache, runtime.name.replace("@", "-"));
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

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";

/** A Node to measure with. */
export interface NodeBinary {
  readonly path: string;
  readonly version: string;
  readonly v8: string;
}

/**
 * Finds the Node that is asked for: a path is taken as it is; a version (`24`, `24.21.0`) is fetched from npm's registry,
 * where Node is packed as `node-<platform>-<arch>`, and kept in `cache`.
 */
export function findNode(wanted: string, cache: string): NodeBinary {
  const path = /^\d+(\.\d+)*$/.test(wanted) ? fetched(wanted, cache) : wanted;
  const asked = execFileSync(path, ["-p", "JSON.stringify([process.version, process.versions.v8])"]);
  const [version, v8] = JSON.parse(asked.toString()) as [string, string];
  return { path, version, v8 };
}

function fetched(version: string, cache: string): string {
  const name = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
  const folder = join(cache, `node-${version}`);
  const binary = join(
    folder,
    "node_modules",
    name,
    "bin",
    process.platform === "win32" ? "node.exe" : "node",
  );
  if (existsSync(binary)) return binary;
  mkdirSync(folder, { recursive: true });
  const args = ["install", "--prefix", folder, "--no-save", "--no-audit", "--no-fund", `${name}@${version}`];
  execFileSync("npm", args, { stdio: "inherit", shell: process.platform === "win32" });
  return binary;
}

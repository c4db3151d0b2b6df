import { readFileSync } from "node:fs";

/** The versions of the contenders that come from the registry, as package.json pins them. */
export function peerVersions(): Record<string, string> {
  const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
    readonly devDependencies: Record<string, string>;
  };
  return manifest.devDependencies;
}

import { fileURLToPath } from "node:url";

import { build } from "esbuild";
import { describe, expect, it } from "vitest";

const conditions = process.env["ESPALIER_TEST_DIST"] === "1" ? [] : ["@espalier/source"];
const here = fileURLToPath(new URL(".", import.meta.url));
const root = fileURLToPath(new URL("../../..", import.meta.url));

/** Bundles a program; gives its bytes, and the packages of ours that put some in. */
async function bundle(program: string): Promise<{ bytes: number; packages: string[] }> {
  const result = await build({
    stdin: { contents: program, resolveDir: here },
    absWorkingDir: root,
    bundle: true,
    minify: true,
    format: "esm",
    platform: "node",
    conditions,
    metafile: true,
    logLevel: "error",
    write: false,
  });
  const [output] = Object.values(result.metafile.outputs);
  const packages = new Set<string>();
  for (const [input, { bytesInOutput }] of Object.entries(output!.inputs)) {
    const found = /^packages\/([^/]+)\/(?:src|dist)\//.exec(input);
    if (found !== null && bytesInOutput > 0) packages.add(found[1]!);
  }
  return { bytes: output!.bytes, packages: [...packages].sort() };
}

const used = (name: string, specifier: string): string =>
  `import { ${name} } from "${specifier}"; globalThis.used = ${name};`;

describe("a bundle of espalier", () => {
  it("holds nothing when nothing is used", async () => {
    expect((await bundle('import "espalier"; import { moveOnAfter } from "espalier";')).bytes).toBe(0);
  });

  it.each([
    ["moveOnAfter", "cancel-scope", ["cancel-scope", "core"]],
    ["openMemoryChannel", "channel", ["channel", "core"]],
    ["Lock", "sync", ["core", "sync"]],
    ["openNursery", "nursery", ["cancel-scope", "core", "nursery"]],
    ["openTcpStream", "stream", ["cancel-scope", "core", "nursery", "stream"]],
    ["sleep", "core", ["core"]],
  ])("holds of %s what @espalier/%s alone brings", async (name, owner, packages) => {
    const direct = await bundle(used(name, `@espalier/${owner}`));
    expect(direct.packages).toEqual(packages);
    for (const specifier of ["espalier", `espalier/${owner}`]) {
      const bundled = await bundle(used(name, specifier));
      expect(bundled.packages).toEqual(packages);
      // The minifier hands out its short names in another order.
      expect(Math.abs(bundled.bytes - direct.bytes)).toBeLessThan(32);
    }
  });
});

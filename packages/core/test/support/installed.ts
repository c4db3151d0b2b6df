import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { build } from "esbuild";

const packageRoot = fileURLToPath(new URL("../../", import.meta.url));
const doors = ["index", "lowlevel", "testing"] as const;

/** Bun and Deno do not say that the event loop has run dry while a module waits at its top level. */
export const onNode: boolean =
  process.versions["bun"] === undefined && process.versions["deno"] === undefined;

/** The same program, begun and not awaited. */
function withoutTopLevelAwait(program: string): string {
  const lines = program.split("\n");
  const isImport = (line: string): boolean => /^\s*import\s.*from/.test(line);
  const body = lines.filter((line) => !isImport(line));
  return [...lines.filter(isImport), "void (async () => {", ...body, "})();"].join("\n");
}

/** How a program ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Milliseconds of real time from start to end, the start of the process included. */
  readonly tookMs: number;
}

/** A folder of its own in which this package is installed as a user would install it. */
export class Installation {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /**
   * Installs what is under test: what was built when the suite runs against `dist`, else the sources, bundled here, so
   * that an old `dist` is never taken for them.
   */
  static async make(): Promise<Installation> {
    const folder = mkdtempSync(join(tmpdir(), "espalier-core-"));
    const target = join(folder, "node_modules", "@espalier", "core");
    mkdirSync(target, { recursive: true });
    const manifest = JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8")) as Record<
      string,
      unknown
    >;
    writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module", private: true }));
    writeFileSync(join(target, "package.json"), JSON.stringify(manifest));
    if (process.env["ESPALIER_TEST_DIST"] === "1")
      cpSync(join(packageRoot, "dist"), join(target, "dist"), { recursive: true });
    else {
      await build({
        entryPoints: [...doors, "debug"].map((file) => join(packageRoot, "src", `${file}.ts`)),
        outdir: join(target, "dist"),
        bundle: true,
        splitting: true,
        format: "esm",
        target: "node20.19",
        platform: "node",
        logLevel: "error",
      });
    }
    return new Installation(folder);
  }

  /** The address of a door, for `import()`. */
  door(door: (typeof doors)[number]): string {
    return pathToFileURL(join(this.folder, "node_modules", "@espalier", "core", "dist", `${door}.js`)).href;
  }

  /** Runs a program, the text of a module, in a process of its own. */
  run(
    program: string,
    options: { readonly args?: readonly string[]; readonly env?: NodeJS.ProcessEnv } = {},
  ): Promise<Ended> {
    const file = join(this.folder, `program-${this.programs++}.mjs`);
    writeFileSync(file, onNode ? program : withoutTopLevelAwait(program));
    const started = performance.now();
    const env: NodeJS.ProcessEnv = { ...process.env, NODE_OPTIONS: "", NO_COLOR: "1", ...options.env };
    delete env["FORCE_COLOR"];
    if (options.env?.["ESPALIER_DEBUG"] === undefined) delete env["ESPALIER_DEBUG"];
    const child = spawn(process.execPath, [...(options.args ?? []), file], {
      cwd: this.folder,
      env,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 25_000,
      killSignal: "SIGKILL",
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    return new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code, signal) => {
        resolve({ code, signal, stdout, stderr, tookMs: performance.now() - started });
      });
    });
  }
  private programs = 0;

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

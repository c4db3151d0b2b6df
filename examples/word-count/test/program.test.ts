import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, closeSync, constants, openSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { TemporaryFolder } from "./folder.ts";

const program = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const unix = process.platform !== "win32";

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(args: readonly string[], options: { uid?: number } = {}): [ChildProcess, Promise<Ended>] {
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    ...options,
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      resolve({ code, signal, stdout, stderr });
    });
  });
  return [child, ended];
}

const runProgram = (...args: string[]): Promise<Ended> => start(args)[1];

/** Waits until somebody reads a named pipe, and gives an end to write into it. */
async function whenRead(pipe: string): Promise<number> {
  for (;;) {
    try {
      return openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENXIO") throw error;
      await setTimeout(20);
    }
  }
}

describe("word-count", () => {
  it("prints a table", async () => {
    using folder = new TemporaryFolder();
    folder.write("a.ts", "word\n".repeat(1234));
    folder.write("b.md", "three more words\n");
    const { code, stdout, stderr } = await runProgram(folder.path);
    expect(stdout).toBe(
      [
        "kind   files  lines  words",
        ".ts        1  1,234  1,234",
        ".md        1      1      3",
        "total      2  1,235  1,237",
        "",
      ].join("\n"),
    );
    expect(stderr).toBe(`Counting ${folder.path}. Ctrl-C ends it with what there is.\n`); // and no bar
    expect(code).toBe(0);
  });

  it("counts the project's own sources by default", async () => {
    const { code, stdout } = await runProgram();
    expect(stdout).toMatch(/^\.ts +\d/m);
    expect(code).toBe(0);
  });

  it("tells how it is used", async () => {
    const help = await runProgram("--help");
    expect(help.stdout).toContain("--workers");
    expect(help.code).toBe(0);
    const wrong = await runProgram("--workers", "none");
    expect(wrong.stderr).toMatch(/^--workers needs a whole number.*\n\nUsage/);
    expect(wrong.code).toBe(2);
    const nowhere = await runProgram("no such folder");
    expect(nowhere.stderr).toContain('"no such folder" is not a folder');
    expect(nowhere.code).toBe(2);
  });

  it.runIf(unix)(
    "ends in time although a file never answers, and says that something is missing",
    async () => {
      using folder = new TemporaryFolder();
      folder.pipe("silent");
      folder.write("a.txt", "word\n");
      const { code, stdout } = await runProgram(folder.path, "--file-timeout", "200");
      expect(stdout).toContain("total      1");
      expect(stdout).toContain("took too long (1): silent");
      expect(code).toBe(1);
    },
  );

  it.runIf(unix)("ends on Ctrl-C with what it has so far", async () => {
    using folder = new TemporaryFolder();
    for (let i = 0; i < 30; i++) folder.write(`${i}.txt`, "word\n");
    const pipe = folder.pipe("z-silent"); // the last in the row of the only worker
    const [child, ended] = start([folder.path, "--workers", "1", "--file-timeout", "100000"]);
    const end = await whenRead(pipe);
    child.kill("SIGINT");
    const { code, signal, stdout } = await ended;
    closeSync(end);
    expect(stdout).toContain("total     30     30     30");
    expect(stdout).toContain("Interrupted: 30 of the 31 files found by then.");
    expect({ code, signal }).toEqual({ code: 130, signal: null });
  });

  // Root may read everything; as root the program is run as somebody else.
  const root = process.getuid?.() === 0;
  it.runIf(unix)("notes what it may not read", async () => {
    using folder = new TemporaryFolder();
    chmodSync(folder.path, 0o755);
    folder.write("a.txt", "word\n");
    chmodSync(folder.write("secret.txt", "word\n"), 0);
    folder.write("locked/b.txt", "word\n");
    chmodSync(join(folder.path, "locked"), 0);
    try {
      const { code, stdout } = await start([folder.path], root ? { uid: 65534 } : {})[1];
      expect(stdout).toContain("total      1");
      expect(stdout).toMatch(/not readable \(EACCES\) \(2\): (locked, secret\.txt|secret\.txt, locked)/);
      expect(code).toBe(1);
    } finally {
      chmodSync(join(folder.path, "locked"), 0o755);
    }
  });

  it("prints names so that a terminal does not take them for orders", async () => {
    using folder = new TemporaryFolder();
    if (unix) folder.write("red\u001B[31m.bin", Buffer.from([0]));
    const { stdout } = await runProgram(folder.path);
    if (unix) expect(stdout).toContain("red?[31m.bin");
    expect(stdout).not.toContain("\u001B");
  });
});

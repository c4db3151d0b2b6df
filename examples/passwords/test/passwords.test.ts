import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parseAccounts } from "../src/accounts.ts";
import { hash, verify } from "../src/hashing.ts";

const main = fileURLToPath(new URL("../dist/main.js", import.meta.url));

/** Runs the program; `onLine` sees each hash as it comes. */
async function passwords(accounts: number, args: string[], onLine?: (kill: () => void) => void) {
  const file = join(mkdtempSync(join(tmpdir(), "espalier-passwords-")), "accounts");
  writeFileSync(file, Array.from({ length: accounts }, (_, i) => `user${i}:secret:${i}\n`).join(""));
  const child = spawn(process.execPath, [main, file, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const lines: string[] = [];
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines.push(line);
    onLine?.(() => child.kill("SIGINT"));
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { lines, stderr, code };
}

describe("parseAccounts", () => {
  it("reads names and passwords, and tells what is wrong with a line", () => {
    expect(parseAccounts("a:1\n\nb:2:3\r\n")).toEqual([
      { name: "a", password: "1" },
      { name: "b", password: "2:3" },
    ]);
    expect(() => parseAccounts("a:1\nb\n")).toThrow("Line 2");
  });
});

describe("hash", () => {
  it("can be verified, here as in a thread", () => {
    const hashed = hash("secret", 16);
    expect(verify("secret", hashed)).toBe(true);
    expect(verify("Secret", hashed)).toBe(false);
    expect(() => verify("secret", "md5$1")).toThrow(RangeError);
  });
});

describe("passwords, as a real process", () => {
  it("hashes all, each with its own salt", async () => {
    const { lines, stderr, code } = await passwords(50, ["--cost", "256", "--threads", "2"]);
    expect(code).toBe(0);
    expect(lines).toHaveLength(50);
    expect(stderr).toContain("50 of 50 are hashed.");
    for (const line of lines) {
      const [, n, hashed] = /^user(\d+):(.*)$/.exec(line)!;
      expect(verify(`secret:${n}`, hashed!)).toBe(true);
    }
  });

  it.runIf(process.platform !== "win32")("ends on Ctrl-C with what is done", async () => {
    let interrupted = false;
    const { lines, stderr, code } = await passwords(10_000, ["--cost", "16384"], (interrupt) => {
      if (!interrupted) interrupt();
      interrupted = true;
    });
    expect(code).toBe(130);
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.length).toBeLessThan(10_000);
    expect(stderr).toContain(`${lines.length} of 10000 are hashed.`);
  });

  it("tells how it is used", async () => {
    const { lines, code } = await passwords(1, ["--help"]);
    expect(lines[0]).toContain("Hashes passwords");
    expect(code).toBe(0);
  });
});

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { describe, expect, it } from "vitest";

import { parseProcfile } from "../src/procfile.ts";

const main = fileURLToPath(new URL("../dist/main.js", import.meta.url));

describe("parseProcfile", () => {
  it("reads names and commands, in order", () => {
    expect(parseProcfile("# ours\nweb: node server.js\n\nworker-2: sh -c 'a: b'\n")).toEqual([
      { name: "web", command: "node server.js" },
      { name: "worker-2", command: "sh -c 'a: b'" },
    ]);
  });

  it("tells what is wrong with a line", () => {
    expect(() => parseProcfile("web node")).toThrow('Line 1 is not "name: command"');
    expect(() => parseProcfile("a: b\na: c")).toThrow('two programs "a"');
    expect(() => parseProcfile("# nothing\n")).toThrow("no program in it");
  });
});

describe.runIf(process.platform !== "win32")("supervisor, as a real process", () => {
  it("restarts what ends, prefixes the output, and stops all in order on Ctrl-C", async () => {
    const procfile = join(mkdtempSync(join(tmpdir(), "espalier-supervisor-")), "Procfile");
    writeFileSync(procfile, "first: echo one; sleep 60\nsecond: echo two >&2; sleep 60\nflaky: exit 3\n");
    const supervisor = spawn(process.execPath, [main, procfile, "--first-delay", "50"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const output = collect(supervisor);
    await output.has(/first +\| one\n/);
    await output.has(/second +\| two\n/);
    await output.has(/flaky +\| ended with exit code 3; starts again in 50 ms\n/);
    await output.has(/flaky +\| ended with exit code 3; starts again in 100 ms\n/);
    supervisor.kill("SIGINT");
    const [code] = (await once(supervisor, "close")) as [number];
    expect(code).toBe(130);
    const stopped = [...output.text().matchAll(/^(\w+) +\| stopped$/gm)].map(([, name]) => name);
    expect(stopped).toEqual(["flaky", "second", "first"]);
  });

  it("shows the last words of a program, also of one that is being stopped or writes too long a line", async () => {
    const procfile = join(mkdtempSync(join(tmpdir(), "espalier-supervisor-")), "Procfile");
    writeFileSync(
      procfile,
      [
        "polite: trap 'echo closing; sleep 0.2; echo bye; exit' TERM; echo up; while true; do sleep 0.05; done",
        "flaky: seq 1 2000; echo 'out of memory' >&2; exit 1",
        "endless: head -c 100000 /dev/zero; sleep 60\n",
      ].join("\n"),
    );
    const supervisor = spawn(process.execPath, [main, procfile, "--first-delay", "60000"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const output = collect(supervisor);
    await output.has(/polite +\| up\n/);
    await output.has(/flaky +\| ended with exit code 1/);
    await output.has(/endless +\| ended with exit code 143/);
    expect(output.text()).toMatch(/flaky +\| 2000\n/);
    expect(output.text()).toMatch(/flaky +\| out of memory\n/);
    expect(output.text()).toMatch(/endless +\| wrote a line of more than 65536 bytes/);
    supervisor.kill("SIGINT");
    const [code] = (await once(supervisor, "close")) as [number];
    expect(code).toBe(130);
    expect(output.text()).toMatch(/polite +\| closing\npolite +\| bye\npolite +\| stopped\n/);
  });

  it("stops cleanly when nobody reads its output any more", async () => {
    const procfile = join(mkdtempSync(join(tmpdir(), "espalier-supervisor-")), "Procfile");
    writeFileSync(procfile, "chatty: while true; do echo $$; sleep 0.05; done\n");
    const supervisor = spawn(process.execPath, [main, procfile], { stdio: ["ignore", "pipe", "inherit"] });
    const output = collect(supervisor);
    await output.has(/chatty +\| \d+\n/);
    const pid = Number(/chatty +\| (\d+)\n/.exec(output.text())?.[1]);
    supervisor.stdout.destroy();
    const [code] = (await once(supervisor, "close")) as [number];
    expect(code).toBe(143);
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  });

  it("tells that there is no Procfile", async () => {
    const supervisor = spawn(process.execPath, [main, "/no/such/Procfile"], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let errors = "";
    supervisor.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
    const [code] = (await once(supervisor, "close")) as [number];
    expect(code).toBe(1);
    expect(errors).toContain("ENOENT");
  });
});

function collect(child: ChildProcess): { text(): string; has(pattern: RegExp): Promise<void> } {
  let text = "";
  child.stdout?.on("data", (chunk: Buffer) => (text += chunk.toString()));
  return {
    text: () => text,
    async has(pattern) {
      while (!pattern.test(text)) await new Promise((resolve) => setTimeout(resolve, 10));
    },
  };
}

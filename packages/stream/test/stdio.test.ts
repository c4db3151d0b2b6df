import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";

import { scriptArgv } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

function start(program: string): ChildProcessWithoutNullStreams {
  const [runtime, ...args] = scriptArgv(new URL(`programs/${program}`, import.meta.url));
  return spawn(runtime, args);
}

async function endOf(child: ChildProcessWithoutNullStreams) {
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output.stderr += chunk.toString()));
  const [code] = (await once(child, "close")) as [number];
  return { code, ...output };
}

describe("stdin, stdout, stderr", () => {
  it("are streams: read to the end, written, closed without closing the process's own", async () => {
    const child = start("upper-case.mjs");
    const end = endOf(child);
    child.stdin.write("hello ");
    await new Promise((resolve) => setTimeout(resolve, 20));
    child.stdin.end("wörld");
    expect(await end).toEqual({ code: 0, stdout: "HELLO WÖRLD!\n", stderr: "11 characters" });
  });

  it("do not keep the process alive when nobody waits for them, although stdin stays open", async () => {
    const child = start("idle.mjs");
    expect(await endOf(child)).toEqual({ code: 0, stdout: "done", stderr: "" });
  });

  it("write everything to a reader that comes late", async () => {
    const child = start("much-output.mjs");
    await new Promise((resolve) => setTimeout(resolve, 300));
    const { code, stdout } = await endOf(child);
    expect([code, stdout.length]).toEqual([0, 64 * 65_536]);
  });
});

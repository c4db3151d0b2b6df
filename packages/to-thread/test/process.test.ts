import { fileURLToPath } from "node:url";
import { Child } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

const onNode = process.versions["bun"] === undefined && process.versions["deno"] === undefined;
const program = new URL("programs/ending.mjs", import.meta.url);

describe("a process with threads", () => {
  it("ends when its last call has ended, although threads are idle", async () => {
    const child = new Child(program, ["idle"]);
    expect(await child.exit()).toBe(0);
    expect(child.lines).toEqual(["3"]);
  });

  it("stays alive for a call that is awaited", async () => {
    const child = new Child(program, ["awaited"]);
    expect(await child.exit()).toBe(0);
    expect(child.lines).toEqual(["computed"]);
  });

  it("ends although an abandoned call goes on", async () => {
    const child = new Child(program, ["abandoned"]);
    expect(await child.exit()).toBe(0);
    expect(child.lines).toEqual(["went on"]);
  });

  it("stays alive for calls that wait until an abandoned one has given its thread back", async () => {
    const child = new Child(program, ["behind"]);
    expect(await child.exit()).toBe(0);
    expect(child.lines).toEqual(["3 4"]);
  });

  it.runIf(onNode)("may be a program that was given as text", async () => {
    const child = new Child(
      program,
      [],
      [
        "--input-type=module",
        "--eval",
        `process.argv[2] = "idle"; await import(${JSON.stringify(fileURLToPath(program))})`,
      ],
    );
    expect(await child.exit()).toBe(0);
    expect(child.lines).toEqual(["3"]);
  });

  it.runIf(onNode)("survives a thread that runs out of memory, and tells the call", async () => {
    const child = new Child(program, ["memory"], ["--max-old-space-size=48"]);
    expect(await child.exit()).toBe(0);
    expect(child.lines[0]).toMatch(
      /^ThreadDiedError: The thread ran out of memory while it ran "fillMemory"/,
    );
    expect(child.lines[1]).toBe("3");
  });
});

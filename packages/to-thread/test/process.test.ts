import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { Child } from "./support/child.ts";

const onNode = process.versions["bun"] === undefined && process.versions["deno"] === undefined;

describe("a process with threads", () => {
  it("ends when its last call has ended, although threads are idle", async () => {
    const child = new Child("ending.mjs", ["idle"]);
    expect(await child.exit()).toBe(0);
    expect(child.lines).toEqual(["3"]);
  });

  it("stays alive for a call that is awaited", async () => {
    const child = new Child("ending.mjs", ["awaited"]);
    expect(await child.exit()).toBe(0);
    expect(child.lines).toEqual(["computed"]);
  });

  it("ends although an abandoned call goes on", async () => {
    const child = new Child("ending.mjs", ["abandoned"]);
    expect(await child.exit()).toBe(0);
    expect(child.lines).toEqual(["went on"]);
  });

  it("stays alive for calls that wait until an abandoned one has given its thread back", async () => {
    const child = new Child("ending.mjs", ["behind"]);
    expect(await child.exit()).toBe(0);
    expect(child.lines).toEqual(["3 4"]);
  });

  it.runIf(onNode)("may be a program that was given as text", async () => {
    const path = fileURLToPath(new URL("programs/ending.mjs", import.meta.url));
    const child = new Child(
      "ending.mjs",
      [],
      ["--input-type=module", "--eval", `process.argv[2] = "idle"; await import(${JSON.stringify(path)})`],
    );
    expect(await child.exit()).toBe(0);
    expect(child.lines).toEqual(["3"]);
  });

  it.runIf(onNode)("survives a thread that runs out of memory, and tells the call", async () => {
    const child = new Child("ending.mjs", ["memory"], ["--max-old-space-size=48"]);
    expect(await child.exit()).toBe(0);
    expect(child.lines[0]).toMatch(
      /^ThreadDiedError: The thread ran out of memory while it ran "fillMemory"/,
    );
    expect(child.lines[1]).toBe("3");
  });
});

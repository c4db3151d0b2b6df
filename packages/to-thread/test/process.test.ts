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

  it.runIf(onNode)("survives a thread that runs out of memory, and tells the call", async () => {
    const child = new Child("ending.mjs", ["memory"], ["--max-old-space-size=48"]);
    expect(await child.exit()).toBe(0);
    expect(child.lines[0]).toMatch(
      /^ThreadDiedError: The thread ran out of memory while it ran "fillMemory"/,
    );
    expect(child.lines[1]).toBe("3");
  });
});

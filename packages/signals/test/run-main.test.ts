import { constants } from "node:os";

import { describe, expect, it } from "vitest";

import { MisuseError, run, sleep } from "@espalier/core";
import { runMain } from "@espalier/signals";
import { Child } from "@espalier/test-support";

const unix = process.platform !== "win32";
const onBun = process.versions["bun"] !== undefined;

function start(...args: string[]): Child {
  return new Child(new URL("programs/service.mjs", import.meta.url), args);
}

describe.runIf(unix)("runMain, as a real process", () => {
  it("exits with 0 when main has ended well", async () => {
    const child = start("succeed");
    expect(await child.exit()).toBe(0);
    expect(child.lines).toEqual(["working"]);
  });

  // Bun calls back before it has written; see the README.
  it.skipIf(onBun)("loses nothing of its output that is read late", async () => {
    const child = start("verbose");
    await child.readAfter(1500);
    expect(await child.exit()).toBe(0);
    expect(child.lines).toHaveLength(20_000);
  });

  it("exits with the code that main has set", async () => {
    expect(await start("exitCode").exit()).toBe(4);
  });

  it("exits with 1 when main fails, and prints the whole tree of the error", async () => {
    const child = start("fail");
    expect(await child.exit()).toBe(1);
    expect(child.stderr).toContain("NurseryError: 1 error in the nursery");
    expect(child.stderr).toContain("[1 of 1]");
    expect(child.stderr).toContain("Error: no such table");
    expect(child.stderr).toContain("[caused by]");
    expect(child.stderr).toContain("TypeError: bad name");
  });

  // Bun tells of rejections that nobody handles when it exits by itself, and not before process.exit().
  it.skipIf(onBun)("exits with 1 when main has forgotten to await something, and says so", async () => {
    const child = start("forgotten");
    expect(await child.exit()).toBe(1);
    expect(child.lines).toEqual(["main ends"]);
    expect(child.stderr).toContain('this code outlived the scope "main" in which it began');
  });

  it("prints in debug mode where the task was spawned that failed", async () => {
    const child = start("fail", "10000", "debug");
    expect(await child.exit()).toBe(1);
    expect(child.stderr).toMatch(/\[in the task "query", spawned\]\n +at .*service\.mjs/);
  });

  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("unwinds on %s and exits with %i", async (signal, code) => {
    const child = start("serve");
    await child.said("ready");
    child.kill(signal);
    expect(await child.exit()).toBe(code);
    expect(child.lines).toEqual(["ready", "cleaned up"]);
    expect(child.stderr).toBe("");
  });

  it("lets shielded cleanup finish within the grace", async () => {
    const child = start("cleanup");
    await child.said("ready");
    child.kill("SIGINT");
    expect(await child.exit()).toBe(130);
    expect(child.lines).toEqual(["ready", "cleaning", "cleaned up"]);
  });

  it("takes a grace that is longer than a timer can be", async () => {
    const child = start("cleanup", "10000000000");
    await child.said("ready");
    child.kill("SIGINT");
    expect(await child.exit()).toBe(130);
    expect(child.lines).toEqual(["ready", "cleaning", "cleaned up"]);
    expect(child.stderr).toBe("");
  });

  it("takes the abort error of a foreign call for what it is, also without a cause", async () => {
    const child = start("foreign");
    await child.said("ready");
    child.kill("SIGINT");
    expect(await child.exit()).toBe(130);
    expect(child.stderr).toBe("");
  });

  it("exits at once when the grace is over, and names what was still running", async () => {
    const child = start("stuck", "100");
    await child.said("ready");
    child.kill("SIGTERM");
    expect(await child.exit()).toBe(143);
    expect(child.stderr).toContain("the grace of 100 ms after SIGTERM is over");
    expect(child.stderr).toContain('task "stuck": running');
    expect(child.stderr).toContain("waiting for sleep");
  });

  it("exits at once on a second signal, in the middle of the cleanup", async () => {
    const child = start("stuck");
    await child.said("ready");
    child.kill("SIGINT");
    await child.said("cleaning");
    child.kill("SIGINT");
    expect(await child.exit()).toBe(130);
    expect(child.stderr).toContain("a second signal (SIGINT)");
  });

  it("exits with 1 when the cleanup fails", async () => {
    const child = start("failingCleanup");
    await child.said("ready");
    child.kill("SIGINT");
    expect(await child.exit()).toBe(1);
    expect(child.stderr).toContain("Error: the disk is full");
  });

  it("exits with 1 when the cleanup fails with nothing in hand, too", async () => {
    const child = start("failingWithNothing");
    await child.said("ready");
    child.kill("SIGTERM");
    expect(await child.exit()).toBe(1);
    expect(child.stderr).toContain("undefined (thrown; it is not an Error)");
  });

  it("stops a program that is asked to before it has got anywhere", async () => {
    const child = start("early");
    expect(await child.exit()).toBe(143);
  });

  it("prints the task tree of a deadlock", async () => {
    const child = start("deadlock");
    expect(await child.exit()).toBe(1);
    expect(child.stderr).toContain("DeadlockError");
    expect(child.stderr).toContain('task "waiter": running, waiting for sleepForever');
  });

  it.each(["throws", "hangs"])("exits with 1 when main %s before anything else", async (mode) => {
    const child = start(mode);
    expect(await child.exit()).toBe(1);
    expect(child.stderr).toMatch(/Error: at once|DeadlockError/);
  });

  it("survives a burst of other signals, and a third one while it exits", async () => {
    const child = start("stuck");
    await child.said("ready");
    child.kill("SIGTERM");
    await child.said("cleaning");
    for (let i = 0; i < 5; i++) child.kill("SIGTERM");
    expect([143, "SIGTERM"]).toContain(await child.exit());
  });

  it("waits for a signal when nothing else is left to do: that is no deadlock", async () => {
    const child = start("receive");
    await child.said("ready");
    await child.said("listening for a while");
    child.kill("SIGHUP");
    expect(await child.exit()).toBe(0);
    expect(child.lines).toEqual(["ready", "listening for a while", "SIGHUP"]);
  });

  it("prints the live task tree on SIGUSR2, and goes on", async () => {
    const child = start("serve");
    await child.said("ready");
    child.kill("SIGUSR2");
    while (!child.stderr.includes("waiting for sleep"))
      await new Promise((resolve) => setTimeout(resolve, 5));
    child.kill("SIGTERM");
    expect(await child.exit()).toBe(143);
  });
});

describe("runMain, inside this process", () => {
  it("leaves no listener behind", async () => {
    const before = ["SIGINT", "SIGTERM", "SIGUSR2"].map((signal) => process.listenerCount(signal));
    const codes: number[] = [];
    await runMain(async () => undefined, { exit: (code) => codes.push(code) });
    expect(codes).toEqual([0]);
    expect(["SIGINT", "SIGTERM", "SIGUSR2"].map((signal) => process.listenerCount(signal))).toEqual(before);
  });

  it("law 13: tells what is wrong with its arguments", async () => {
    await expect(runMain((() => Promise.resolve())() as never)).rejects.toThrow(
      "pass the function, not its result",
    );
    await expect(runMain(async () => undefined, { graceMs: -1 })).rejects.toThrow(RangeError);
    await expect(runMain(async () => undefined, { signals: [] })).rejects.toThrow("at least one signal");
    await expect(runMain(async () => undefined, { signals: "SIGINT" as never })).rejects.toThrow(
      'needs a list of signals, such as ["SIGINT"], not string',
    );
    await expect(runMain(async () => undefined, { signals: null as never })).rejects.toThrow(TypeError);
    await expect(runMain(async () => undefined, { exit: 0 as never })).rejects.toThrow(TypeError);
    await expect(runMain(async () => undefined, { name: 5 as never })).rejects.toThrow(
      "runMain.name needs a string, not a number.",
    );
    await expect(runMain(async () => undefined, { signals: ["SIGKILL"] })).rejects.toThrow(
      "no program can catch",
    );
  });

  it("is for the top level: inside a run it is a misuse, and does not end the process", async () => {
    const codes: number[] = [];
    const exit = (code: number): void => void codes.push(code);
    await run(async () => {
      await expect(runMain(async () => undefined, { exit })).rejects.toBeInstanceOf(MisuseError);
    });
    expect(codes).toEqual([]);
  });

  it("law 13: refuses a second main function while one runs, and takes one after it", async () => {
    const codes: number[] = [];
    const exit = (code: number): void => void codes.push(code);
    const first = runMain(() => sleep(1), { exit });
    await expect(runMain(async () => undefined, { exit })).rejects.toThrow("start both in a nursery");
    await first;
    await runMain(async () => undefined, { exit });
    expect(codes).toEqual([0, 0]);
  });

  it.runIf(unix)("counts a signal once that was named twice, or for the task tree as well", async () => {
    const codes: number[] = [];
    const exit = (code: number): void => void codes.push(code);
    const before = process.listenerCount("SIGUSR2");
    let cleaned = false;
    const ended = runMain(
      async () => {
        expect(process.listenerCount("SIGUSR2")).toBe(before + 1);
        process.emit("SIGUSR2", "SIGUSR2");
        try {
          await sleep(60_000);
        } finally {
          cleaned = true;
        }
      },
      { exit, signals: ["SIGUSR2", "SIGUSR2"] },
    );
    await ended;
    expect(cleaned).toBe(true);
    expect(codes).toEqual([128 + constants.signals.SIGUSR2]);
  });

  it("takes a main function that gives no promise", async () => {
    const codes: number[] = [];
    const exit = (code: number): void => void codes.push(code);
    await runMain(() => 7, { exit });
    expect(codes).toEqual([0]);
  });
});

import { existsSync, readdirSync, readFileSync } from "node:fs";

import { eventually, scriptArgv } from "@espalier/test-support";
import { describe, expect, expectTypeOf, it } from "vitest";

import { CancelScope, moveOnAfter } from "@espalier/cancel-scope";
import { BrokenResourceError, sleep } from "@espalier/core";
import { ambient, CancelStatus, currentStatus, runIn } from "@espalier/core/lowlevel";
import { attachProbe } from "@espalier/core/testing";
import { openProcess, type OpenProcessOptions, type Process, runProcess } from "@espalier/process";
import { BufferedReceiveStream, type ReceiveStream, type SendStream } from "@espalier/stream";

import { isAlive, isZombie, text } from "./programs.ts";

const deno = process.versions["deno"] !== undefined;
const unix = process.platform !== "win32";
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe.runIf(unix)("openProcess", () => {
  it("talks to a program line by line", async () => {
    await using child = await openProcess(["cat"]);
    const lines = new BufferedReceiveStream(child.stdout).lines();
    await child.stdin.sendAll(bytes("one\n"));
    expect((await lines.next()).value).toBe("one");
    await child.stdin.sendAll(bytes("two\n"));
    expect((await lines.next()).value).toBe("two");
    await child.stdin.aclose();
    expect((await lines.next()).done).toBe(true);
    expect(await child.wait()).toBe(0);
    expect(child.exitCode).toBe(0);
  });

  it("law 4: is a checkpoint: asks whether it is cancelled, starts the program, gives others a turn", async () => {
    const status = new CancelStatus("scope", "probed", ambient, false).bind(currentStatus());
    const seen: string[] = [];
    attachProbe(status, {
      cancelPoint: () => seen.push("cancel point"),
      schedulePoint: () => seen.push("schedule point"),
    });
    await using child = await runIn(status, () => openProcess(["true"]));
    status.close();
    expect(seen).toEqual(["cancel point", "schedule point"]);
    expect(await child.wait()).toBe(0);
  });

  it("has no exit code before it has ended", async () => {
    await using child = await openProcess(["sleep", "60"]);
    expect(child.exitCode).toBeUndefined();
    expect(child.signal).toBeUndefined();
    child.kill();
    expect(await child.wait()).toBe(143);
    expect(child.signal).toBe("SIGTERM");
    child.kill(); // nothing: it has ended
  });

  it("lets several wait, and one of them give up", async () => {
    await using child = await openProcess(["sleep", "60"]);
    const first = child.wait();
    expect(await moveOnAfter(10, () => child.wait())).toBeUndefined();
    child.kill("SIGKILL");
    expect(await first).toBe(137);
    expect(await child.wait()).toBe(137);
  });

  it("is gone when its block is left, also in a cancelled scope, and its children with it", async () => {
    let pid = 0;
    let grandchild = 0;
    await moveOnAfter(5000, async (scope) => {
      await using child = await openProcess(["sh", "-c", "sleep 60 & echo $!; wait"]);
      pid = child.pid;
      grandchild = Number((await new BufferedReceiveStream(child.stdout).lines().next()).value);
      scope.cancel();
      await sleep(60_000);
    });
    expect(isAlive(pid)).toBe(false);
    await eventually(() => !isAlive(grandchild));
  });

  it("kills it when the grace is over", async () => {
    const child = await openProcess(
      ["sh", "-c", "trap '' TERM; echo ready; while true; do sleep 0.1; done"],
      { graceMs: 100 },
    );
    await new BufferedReceiveStream(child.stdout).lines().next();
    await child[Symbol.asyncDispose]();
    expect(child.signal).toBe("SIGKILL");
  });

  it("gives its children the same grace, although it has ended before them", async () => {
    const child = await openProcess([
      "sh",
      "-c",
      `sh -c 'trap "sleep 0.2; echo cleaned up; exit" TERM; echo ready; while true; do sleep 0.05; done'; true`,
    ]);
    const lines = new BufferedReceiveStream(child.stdout).lines();
    await lines.next();
    const last = lines.next();
    await child[Symbol.asyncDispose]();
    expect((await last).value).toBe("cleaned up");
  });

  it("kills what is left of its group when it ends by itself: its output has an end then", async () => {
    await using child = await openProcess(["sh", "-c", "sleep 60 & echo $!"]);
    const read: string[] = [];
    for await (const line of new BufferedReceiveStream(child.stdout).lines()) read.push(line);
    expect(read).toHaveLength(1);
    await eventually(() => !isAlive(Number(read[0])));
    expect(await child.wait()).toBe(0);
  });

  it("kills a group that ignores SIGTERM when the grace is over, although its leader has gone", async () => {
    const child = await openProcess(
      ["sh", "-c", "sh -c 'trap \"\" TERM; echo $$; while true; do sleep 0.05; done'; true"],
      { graceMs: 100 },
    );
    const line = await new BufferedReceiveStream(child.stdout).lines().next();
    await child[Symbol.asyncDispose]();
    await eventually(() => !isAlive(Number(line.value)));
  });

  it("breaks its stdin when it has ended, and a wait and a kill do nothing more", async () => {
    await using child = await openProcess(["sh", "-c", "exit 7"]);
    expect([await child.wait(), await child.wait()]).toEqual([7, 7]);
    child.kill();
    child.kill("SIGKILL");
    expect([child.exitCode, child.signal]).toEqual([7, undefined]);
    await expect(
      (async () => {
        for (;;) await child.stdin.sendAll(new Uint8Array(100_000));
      })(),
    ).rejects.toBeInstanceOf(BrokenResourceError);
  });

  it("tells of a signal that does not exist, and goes on", async () => {
    await using child = await openProcess(["sleep", "60"]);
    expect(() => {
      child.kill("SIGFOO" as never);
    }).toThrow(TypeError);
    expect(child.exitCode).toBeUndefined();
    child.kill("SIGKILL");
    await child.wait();
    expect(() => {
      child.kill("SIGFOO" as never);
    }).toThrow('needs a signal that this system has, such as "SIGTERM", not SIGFOO');
    for (const odd of [Symbol("sig"), Object.create(null)]) {
      expect(() => {
        child.kill(odd as never);
      }).toThrow("kill needs a signal that this system has");
    }
  });

  it.each(["stdin", "stdout", "stderr"])("law 13: tells what %s can be", async (name) => {
    for (const wrong of ["pip", true, 1, null]) {
      await expect(openProcess(["true"], { [name]: wrong })).rejects.toThrow(
        new TypeError(
          `openProcess.${name} needs to be one of "pipe", "inherit", "ignore", not ${JSON.stringify(wrong)}.`,
        ),
      );
    }
  });

  // vitest fails a file in which a rejection is unhandled
  it("law 7: a wait and a run that are forgotten end with their scope, and no more", async () => {
    const child = await openProcess(["sleep", "0.2"]);
    await new CancelScope().run(async () => {
      void child.wait();
      void runProcess(["true"]);
      await sleep(1);
    });
    expect(await child.wait()).toBe(0);
  });

  it("gives the signal of a child that leads no group", async () => {
    await using child = await openProcess(["sleep", "60"], { processGroup: false });
    child.kill("SIGINT");
    expect([await child.wait(), child.signal]).toEqual([130, "SIGINT"]);
  });

  it.runIf(existsSync("/proc/self/fd"))("leaves no descriptor and no zombie behind", async () => {
    const use = async (round: number): Promise<void> => {
      await moveOnAfter(round, () =>
        runProcess(["sh", "-c", "echo a; cat; sleep 0.01; echo b"], { stdin: "hello", captureStdout: true }),
      );
      await openProcess(["/no/such/program"]).catch(() => undefined);
      await using child = await openProcess(["yes"]);
      await child.stdout?.receiveSome();
    };
    await use(1000); // what the runtime opens once
    const before = readdirSync("/proc/self/fd").length;
    for (let round = 0; round < 20; round++) await use(round);
    await eventually(() => readdirSync("/proc/self/fd").length <= before + 2);
    const children = readFileSync(`/proc/self/task/${process.pid}/children`, "utf8");
    expect(children.split(" ").filter((pid) => isZombie(pid))).toEqual([]);
  });

  // Deno does not tell that it exits because of an error.
  it.each(deno ? ["exit"] : ["exit", "throw"])(
    "does not survive a program that ends at once: %s",
    async (how) => {
      const argv = scriptArgv(new URL("programs/exits.mjs", import.meta.url), [how]);
      const { stdout, exitCode } = await runProcess(argv, {
        captureStdout: true,
        check: false,
      });
      expect(exitCode).toBe(how === "exit" ? 3 : 1);
      const pids = text(stdout).trim().split(" ").map(Number);
      expect(pids).toHaveLength(2);
      await eventually(() => !pids.some(isAlive));
    },
  );

  it("can be disposed twice", async () => {
    const child = await openProcess(["true"]);
    await child[Symbol.asyncDispose]();
    await child[Symbol.asyncDispose]();
    expect(child.exitCode).toBeDefined();
  });

  it("holds a program back that nobody reads: memory stays flat", async () => {
    await using child = await openProcess(["sh", "-c", "yes | head -c 200000000"]);
    const before = process.memoryUsage().rss;
    await child.stdout?.receiveSome();
    await sleep(500);
    expect(process.memoryUsage().rss - before).toBeLessThan(50_000_000);
  });

  it("law 9: disposal does not raise in a cancelled scope", async () => {
    const scope = new CancelScope();
    const child = await openProcess(["sleep", "60"]);
    let raised: unknown = "nothing";
    await scope.run(async () => {
      scope.cancel();
      try {
        await child[Symbol.asyncDispose]();
      } catch (error) {
        raised = error;
      }
    });
    expect(raised).toBe("nothing");
    expect(child.exitCode).toBe(143);
  });

  it("gives no streams that were not asked for", async () => {
    await using child = await openProcess(["true"], { stdin: "ignore", stdout: "ignore" });
    expect([child.stdin, child.stdout, child.stderr]).toEqual([undefined, undefined, undefined]);
    expect(await child.wait()).toBe(0);
  });
});

it("has the streams that it was opened with, also for the compiler", () => {
  const compiled = async (some: OpenProcessOptions): Promise<void> => {
    const usual = await openProcess(["true"]);
    expectTypeOf(usual.stdin).toEqualTypeOf<SendStream>();
    expectTypeOf(usual.stdout).toEqualTypeOf<ReceiveStream>();
    expectTypeOf(usual.stderr).toEqualTypeOf<undefined>();
    const chosen = await openProcess(["true"], { stdin: "ignore", stderr: "pipe", graceMs: 1 });
    expectTypeOf(chosen.stdin).toEqualTypeOf<undefined>();
    expectTypeOf(chosen.stdout).toEqualTypeOf<ReceiveStream>();
    expectTypeOf(chosen.stderr).toEqualTypeOf<ReceiveStream>();
    const unknown = await openProcess(["true"], some);
    expectTypeOf(unknown.stdin).toEqualTypeOf<SendStream | undefined>();
    expectTypeOf(unknown.stderr).toEqualTypeOf<ReceiveStream | undefined>();
    const any: Process = usual;
    expectTypeOf(any.stdout).toEqualTypeOf<ReceiveStream | undefined>();
  };
  expect(compiled).toBeTypeOf("function");
});

import { tmpdir } from "node:os";
import { realpathSync } from "node:fs";

import { eventually } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

import { moveOnAfter } from "@espalier/cancel-scope";
import { CalledProcessError, ProcessStartError, runProcess } from "@espalier/process";
import { LimitExceededError } from "@espalier/stream";

import { isAlive, program, text } from "./programs.ts";

const unix = process.platform !== "win32";

describe.runIf(unix)("runProcess", () => {
  it("gives the exit code and what was captured", async () => {
    const result = await runProcess(["sh", "-c", "echo out; echo err >&2"], {
      captureStdout: true,
      captureStderr: true,
    });
    expect(result.exitCode).toBe(0);
    expect(result.signal).toBeUndefined();
    expect(text(result.stdout)).toBe("out\n");
    expect(text(result.stderr)).toBe("err\n");
  });

  it("captures stderr alone, of a program that is gone at once", async () => {
    for (let i = 0; i < 10; i++) {
      const result = await runProcess(["sh", "-c", "echo err >&2"], { captureStderr: true });
      expect(text(result.stderr)).toBe("err\n");
    }
  });

  it("gives an empty stdin unless told otherwise", async () => {
    expect(text((await runProcess(["cat"], { captureStdout: true })).stdout)).toBe("");
    expect(text((await runProcess(["cat"], { stdin: "häl\n", captureStdout: true })).stdout)).toBe("häl\n");
    const bytes = new Uint8Array(1_000_000).fill(7);
    const copied = await runProcess(["cat"], { stdin: bytes, captureStdout: true });
    expect(Buffer.from(bytes).equals(copied.stdout)).toBe(true);
  });

  it("does not mind a program that reads none of its input", async () => {
    expect((await runProcess(["true"], { stdin: new Uint8Array(5_000_000) })).exitCode).toBe(0);
  });

  it("raises CalledProcessError with the outputs when it ends badly", async () => {
    const error: unknown = await runProcess(["sh", "-c", "echo out; echo 'no such table' >&2; exit 3"], {
      captureStdout: true,
      captureStderr: true,
    }).catch((raised: unknown) => raised);
    expect(error).toBeInstanceOf(CalledProcessError);
    const failure = error as CalledProcessError;
    expect(failure.exitCode).toBe(3);
    expect(text(failure.stdout)).toBe("out\n");
    expect(failure.message).toContain("ended with exit code 3");
    expect(failure.message).toContain("no such table");
  });

  it("gives the bad end as a result when it is not to be checked", async () => {
    expect((await runProcess(["sh", "-c", "exit 3"], { check: false })).exitCode).toBe(3);
    const killed = await runProcess(["sh", "-c", "kill -KILL $$"], { check: false });
    expect(killed).toMatchObject({ exitCode: 137, signal: "SIGKILL" });
  });

  it("tells why a program cannot be started", async () => {
    const error: unknown = await runProcess(["no-such-program"]).catch((raised: unknown) => raised);
    expect(error).toBeInstanceOf(ProcessStartError);
    expect((error as ProcessStartError).code).toBe("ENOENT");
    expect((error as ProcessStartError).message).toContain("there is no such program");
    await expect(runProcess([tmpdir()])).rejects.toBeInstanceOf(ProcessStartError);
    await expect(runProcess(["true"], { cwd: "/no/such/folder" })).rejects.toBeInstanceOf(ProcessStartError);
  });

  it("keeps a message short that has a long command in it", async () => {
    const error = await runProcess(["no-such-program", "x".repeat(100_000)]).catch((raised: Error) => raised);
    expect((error as Error).message.length).toBeLessThan(1000);
    expect((error as ProcessStartError).argv[1]).toHaveLength(100_000);
  });

  it("starts it in the folder and with the environment that it is given", async () => {
    const folder = realpathSync(tmpdir());
    const there = await runProcess(["pwd"], { cwd: folder, captureStdout: true });
    expect(text(there.stdout).trim()).toBe(folder);
    const env = { PATH: process.env["PATH"], GREETING: "hello" };
    expect(
      text((await runProcess(["sh", "-c", "echo $GREETING"], { env, captureStdout: true })).stdout),
    ).toBe("hello\n");
  });

  it("uses a shell only when it is asked to", async () => {
    expect(text((await runProcess(["echo", "a && b"], { captureStdout: true })).stdout)).toBe("a && b\n");
    expect(text((await runProcess(["echo a && echo b"], { captureStdout: true, shell: true })).stdout)).toBe(
      "a\nb\n",
    );
  });

  it("ends a program that writes more than the limit", async () => {
    const run = runProcess(["yes"], { captureStdout: true, maxOutputBytes: 10_000 });
    await expect(run).rejects.toBeInstanceOf(LimitExceededError);
  });

  it("is ended and waited for when it is cancelled: SIGTERM first", async () => {
    const started = performance.now();
    const result = await moveOnAfter(100, () => runProcess(["sleep", "60"]));
    expect(result).toBeUndefined();
    expect(performance.now() - started).toBeLessThan(4000); // the grace is 5000
  });

  it("kills a program that ignores SIGTERM, after its grace", async () => {
    const result = await moveOnAfter(300, () =>
      runProcess(["sh", "-c", "trap '' TERM; while true; do sleep 0.1; done"], { graceMs: 200 }),
    );
    expect(result).toBeUndefined();
  });

  it("leaves no grandchild behind, whether it is cancelled or not", async () => {
    const { stdout } = await runProcess(["sh", "-c", "sleep 60 & echo $!"], { captureStdout: true });
    const grandchild = Number(text(stdout));
    expect(grandchild).toBeGreaterThan(1);
    await eventually(() => !isAlive(grandchild));
  });

  it("law 4: in a cancelled scope it starts nothing", async () => {
    let result: unknown = "untouched";
    await moveOnAfter(0, async () => {
      result = await runProcess(["true"]);
    });
    expect(result).toBe("untouched");
  });

  it("runs many at a time", async () => {
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, i) => runProcess(["echo", `${i}`], { captureStdout: true })),
    );
    expect(results.map(({ stdout }) => text(stdout).trim())).toEqual(
      Array.from({ length: 20 }, (_, i) => `${i}`),
    );
  });

  it("law 13: tells what is wrong with its arguments", async () => {
    await expect(runProcess("git status" as never)).rejects.toThrow("There is no shell");
    await expect(runProcess([])).rejects.toThrow(TypeError);
    await expect(runProcess(["echo", 1 as never])).rejects.toThrow("list of strings");
    await expect(runProcess(["echo", "a"], { shell: true })).rejects.toThrow("argv is one line");
    await expect(runProcess(["true"], { graceMs: -1 })).rejects.toThrow(RangeError);
    await expect(runProcess(["true"], "/tmp" as never)).rejects.toThrow(
      'such as { cwd: "..." }, not a string',
    );
    await expect(runProcess(["true"], { graceMs: Number.NaN })).rejects.toThrow("runProcess.graceMs");
    await expect(runProcess(["true"], { maxOutputBytes: Number.NaN })).rejects.toThrow(
      new RangeError("runProcess.maxOutputBytes needs 0 bytes or more, not NaN."),
    );
    await expect(runProcess(["true"], { maxOutputBytes: "9" as never })).rejects.toThrow(
      new TypeError("runProcess.maxOutputBytes needs a number of bytes, not a string."),
    );
    // told before the program is started, and not by what would be written to it
    await expect(runProcess(["true"], { stdin: 5 as never })).rejects.toThrow(
      new TypeError("runProcess.stdin needs a string or a Uint8Array: what the program reads, not 5."),
    );
  });

  it("tells of an environment that throws anything when it is read", async () => {
    for (const thrown of [null, Object.create(null) as unknown, "not today"]) {
      const env = {
        get NAME(): never {
          throw thrown;
        },
      };
      const error: unknown = await runProcess(["true"], { env }).catch((raised: unknown) => raised);
      expect(error).toBeInstanceOf(ProcessStartError);
      expect((error as Error).cause).toBe(thrown);
    }
  });
});

it("runs a program of this runtime", async () => {
  const { stdout } = await runProcess(program("console.log(6 * 7)"), { captureStdout: true });
  expect(text(stdout).trim()).toBe("42");
});

import {
  type CancelReason,
  checkpoint,
  currentTask,
  run,
  sleep,
  sleepForever,
  taskTree,
  type TaskTreeNode,
} from "@espalier/core";
import {
  CancelStatus,
  currentStatus,
  type OnCancelled,
  spawnSiteOf,
  whenCancelled,
  withCancelSite,
} from "@espalier/core/lowlevel";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rejection } from "@espalier/test-support";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";

import { Installation } from "./support/installed.ts";
import { cancel, scope } from "./support/scope.ts";
import { spawn } from "./support/task.ts";

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

function flat(tree: readonly TaskTreeNode[]): TaskTreeNode[] {
  return tree.flatMap((node) => [node, ...flat(node.children)]);
}

describe("run({ debug: true })", () => {
  it("records since when everything is there; without it nothing is recorded", async () => {
    const body = async (): Promise<TaskTreeNode[]> =>
      (await scope(() => flat(taskTree().filter((node) => node.name === "observed"))))!;
    const before = Date.now();
    const nodes = await run(body, { debug: true, name: "observed" });
    expect(nodes.map((node) => node.kind)).toEqual(["run", "task", "scope"]);
    for (const node of nodes) {
      expect(node.since).toBeGreaterThanOrEqual(before);
      expect(node.since).toBeLessThanOrEqual(Date.now());
    }
    for (const node of await run(body, { debug: false, name: "observed" }))
      expect(node).not.toHaveProperty("since");
  });

  it("keeps the place of the cancel() call in the reason", async () => {
    const reasonOf = async (debug: boolean): Promise<CancelReason> =>
      run(
        async () => {
          let reason!: CancelReason;
          const note: OnCancelled = (given) => (reason = given);
          const task = spawn(() => sleepForever());
          whenCancelled(task.cancelStatus, note);
          await checkpoint();
          task.cancel("why");
          await task.join();
          return reason;
        },
        { debug },
      );
    const observed = await reasonOf(true);
    expect(observed).toMatchObject({ source: "explicit", reason: "why" });
    expect(observed.stack).toContain("debug.test");
    expect(observed.stack).not.toMatch(/src\/(task|debug)\.ts/);
    expect(await reasonOf(false)).not.toHaveProperty("stack");
  });

  it("withCancelSite does the same for packages that cancel", async () => {
    const reason: CancelReason = { source: "explicit" };
    await run(
      () => {
        const sited = withCancelSite(currentStatus().runtime, reason);
        expect(sited).toMatchObject(reason);
        expect(sited.stack).toBeTypeOf("string");
      },
      { debug: true },
    );
    await run(() => expect(withCancelSite(currentStatus().runtime, reason)).toBe(reason), { debug: false });
  });

  it("remembers with an error which task it ended, and where that was spawned", async () => {
    const error = new Error("x");
    const failing = async (debug: boolean): Promise<unknown> =>
      run(
        async () => {
          const task = spawn(() => Promise.reject(error), "loader");
          await task.join();
          return spawnSiteOf(error);
        },
        { debug },
      );
    expect(await failing(false)).toBeUndefined();
    const site = (await failing(true)) as { task: string; stack: string };
    expect(site.task).toBe("loader");
    expect(site.stack).toContain("debug.test");
  });

  it("passes everything on to the instruments", async () => {
    const log: string[] = [];
    await run(() => sleep(1), {
      debug: true,
      instruments: [
        {
          taskSpawned: () => log.push("spawned"),
          taskExited: () => log.push("exited"),
          parked: () => log.push("parked"),
          resumed: () => log.push("resumed"),
        },
      ],
    });
    expect(log).toEqual(["spawned", "parked", "resumed", "exited"]);
  });
});

describe("a scope that is cancelled and cannot be left", () => {
  /** Runs `body` in a scope that is cancelled at once, and gives what was reported until it was left. */
  async function reports(body: () => Promise<unknown>, passMs = 1100): Promise<string[]> {
    vi.useFakeTimers();
    const printed = vi.spyOn(console, "error").mockImplementation(() => undefined);
    let leave!: () => void;
    const gate = new Promise<void>((resolve) => (leave = resolve));
    const running = run(
      () =>
        scope(
          async (status) => {
            queueMicrotask(() => cancel(status, "too slow"));
            await body();
            await gate;
          },
          { name: "download" },
        ),
      { debug: true },
    );
    await vi.advanceTimersByTimeAsync(passMs);
    const texts = printed.mock.calls.map((call) => String(call[0]));
    leave();
    await vi.advanceTimersByTimeAsync(10_000);
    await running.catch(() => undefined);
    return texts;
  }

  it("is reported after a second: its name, the last checkpoint, the sites and the remedies", async () => {
    const [text, ...more] = await reports(async () => {
      await rejection(sleep(60_000));
    });
    expect(more).toEqual([]);
    expect(text).toContain('the scope "download" was cancelled');
    expect(text).toContain("has not been left");
    expect(text).toContain("The last checkpoint in it was sleep.");
    for (const remedy of ["currentSignal()", "withSignal()", "abandonOnCancel()", "checkpoint()"]) {
      expect(text).toContain(remedy);
    }
    expect(text).toContain("it was opened here:");
    expect(text).toContain("scope.ts"); // the place in this suite that opens scopes
  });

  it("says so when there was no checkpoint at all", async () => {
    const [text] = await reports(async () => undefined);
    expect(text).toContain("none at all");
  });

  it("a checkpoint that need not wait is a last checkpoint as well", async () => {
    const [text] = await reports(async () => {
      await checkpoint();
      await rejection(checkpoint());
    });
    expect(text).toContain("The last checkpoint in it was one that did not have to wait.");
  });

  it("is not reported before the second is over", async () => {
    expect(await reports(async () => undefined, 900)).toEqual([]);
  });

  it("is not reported when it was left in time", async () => {
    vi.useFakeTimers();
    const printed = vi.spyOn(console, "error").mockImplementation(() => undefined);
    await run(
      () =>
        scope(async (status) => {
          cancel(status);
          await checkpoint();
        }),
      { debug: true },
    );
    await vi.advanceTimersByTimeAsync(5000);
    expect(printed).not.toHaveBeenCalled();
  });

  it("is not reported when it was never entered", async () => {
    vi.useFakeTimers();
    const printed = vi.spyOn(console, "error").mockImplementation(() => undefined);
    await run(
      () => {
        cancel(new CancelStatus("scope", "never entered", currentStatus().runtime, false));
      },
      { debug: true },
    );
    await vi.advanceTimersByTimeAsync(5000);
    expect(printed).not.toHaveBeenCalled();
  });

  it("is not reported while something of ours is parked in it, behind a shield for instance", async () => {
    expect(
      await reports(async () => {
        await scope(() => sleep(5000), { shield: true });
      }),
    ).toEqual([]);
  });

  it("is not reported without debug mode", async () => {
    vi.useFakeTimers();
    const printed = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const running = run(
      () =>
        scope(async (status) => {
          cancel(status);
          await new Promise((resolve) => setTimeout(resolve, 5000));
        }),
      { debug: false },
    );
    await vi.advanceTimersByTimeAsync(6000);
    await running;
    expect(printed).not.toHaveBeenCalled();
  });
});

describe("ESPALIER_DEBUG=1", () => {
  let installation: Installation;
  beforeAll(async () => {
    installation = await Installation.make();
  });
  afterAll(() => {
    installation.remove();
  });
  const program = `
    import { run, taskTree } from "@espalier/core";
    import { ambient, CancelStatus, currentStatus } from "@espalier/core/lowlevel";
    new CancelStatus("scope", "outside", ambient, false).bind(currentStatus());
    const inRun = await run(() => taskTree()[0].children[0].since !== undefined);
    console.log(inRun, taskTree()[0].since !== undefined);
  `;

  it("turns debug mode on everywhere, outside of runs too", async () => {
    const ended = await installation.run(program, { env: { ESPALIER_DEBUG: "1" } });
    expect(ended).toMatchObject({ code: 0, stdout: "true true\n", stderr: "" });
  });

  it("anything else does not", async () => {
    for (const value of [undefined, "", "0"]) {
      const ended = await installation.run(program, {
        env: value === undefined ? {} : { ESPALIER_DEBUG: value },
      });
      expect(ended).toMatchObject({ code: 0, stdout: "false false\n" });
    }
  });

  // Bun and Deno write the frames of a stack in ways of their own.
  it.skipIf(process.versions["deno"] !== undefined || process.versions["bun"] !== undefined)(
    "shows places in the program, also where it lies in a folder that looks like one of ours",
    async () => {
      for (const folder of ["packages/app/src", "packages/core/dist", "@espalier-fans/src"]) {
        const place = join(installation.folder, folder);
        mkdirSync(place, { recursive: true });
        writeFileSync(
          join(place, "main.mjs"),
          `
        import { checkpoint, run } from "@espalier/core";
        import { spawnSystemTask } from "@espalier/core/lowlevel";
        await run(async function main() {
          const task = spawnSystemTask(() => new Promise(() => {}));
          await checkpoint();
          task.cancel();
          await new Promise((resolve) => setTimeout(resolve, 1300));
          process.exit(0);
        });
      `,
        );
        const ended = await installation.run(`import "./${folder}/main.mjs";`, {
          env: { ESPALIER_DEBUG: "1" },
        });
        const [, openedAt = "", cancelledAt = ""] = ended.stderr.split(/it was (?:opened|cancelled) here:/);
        expect(openedAt).toContain(`${folder}/main.mjs`);
        expect(cancelledAt).toContain(`${folder}/main.mjs`);
        const places = ended.stderr.split("\n").filter((line) => /^ +at /.test(line));
        expect(places.filter((line) => line.includes("/@espalier/core/"))).toEqual([]);
      }
    },
  );

  it("reports go to stderr, and do not keep the process alive", async () => {
    const ended = await installation.run(
      `
      import { run, sleep } from "@espalier/core";
      import { ambient, CancelStatus, currentStatus, runIn } from "@espalier/core/lowlevel";
      await run(async () => {
        const stuck = new CancelStatus("scope", "stuck", ambient, false).bind(currentStatus());
        await runIn(stuck, async () => {
          await sleep(1);
          stuck.cancel({ source: "explicit", scope: "stuck" });
          await new Promise((resolve) => setTimeout(resolve, 1300));
        });
        stuck.close();
        const left = new CancelStatus("scope", "left", ambient, false).bind(currentStatus());
        left.cancel({ source: "explicit", scope: "left" });
        left.close();
      });
      console.log("end");
    `,
      { env: { ESPALIER_DEBUG: "1" } },
    );
    expect(ended).toMatchObject({ code: 0, stdout: "end\n" });
    expect(ended.stderr).toContain('the scope "stuck" was cancelled');
    expect(ended.stderr).toContain("The last checkpoint in it was sleep.");
    expect(ended.stderr).toContain("program-"); // where it was opened
    expect(ended.stderr).not.toContain('"left"');
  });
});

it("the name of the current task is there in debug mode as well", async () => {
  await run(() => expect(currentTask()?.name).toBe("named"), { debug: true, name: "named" });
});

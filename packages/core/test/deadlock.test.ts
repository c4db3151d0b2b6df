import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { Installation, onNode } from "./support/installed.ts";

let installation: Installation;
beforeAll(async () => {
  installation = await Installation.make();
});
afterAll(() => {
  installation.remove();
});

/** A program of its own; the first lines of each are these imports. */
function program(body: string): ReturnType<Installation["run"]> {
  return installation.run(`
    import { run, sleep, sleepForever, checkpoint, DeadlockError, isCancelled } from "@espalier/core";
    import { ambient, CancelStatus, currentStatus, runIn, park } from "@espalier/core/lowlevel";
    const told = (error) => console.log(error instanceof DeadlockError ? "deadlock" : String(error));
    ${body}
  `);
}

describe("when the event loop runs dry while main still waits", () => {
  it("main unwinds, and the run rejects with the task tree of that moment", async () => {
    const ended = await program(`
      run(async function main() {
        try {
          await sleepForever();
        } finally {
          console.log("main unwinds");
        }
      }).catch((error) => { told(error); console.log(error.message); });
    `);
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expect(ended.stdout).toBe(
      [
        "main unwinds",
        "deadlock",
        "Every task waits, and nothing is left that could wake one:",
        'run "main": open',
        '└─ task "main": running, waiting for sleepForever',
        "",
      ].join("\n"),
    );
  });

  it.runIf(onNode)(
    "so it is with top-level await, and a run that is not caught ends the process with its message",
    async () => {
      const caught = await program(`
      try { await run(() => park("channel.receive").promise); } catch (error) { told(error); }
      console.log("goes on");
    `);
      expect(caught).toMatchObject({ code: 0, stdout: "deadlock\ngoes on\n", stderr: "" });
      const uncaught = await program(`await run(() => park("channel.receive").promise, { name: "server" });`);
      expect(uncaught.code).toBe(1);
      expect(uncaught.stderr).toContain("DeadlockError: Every task waits");
      expect(uncaught.stderr).toContain('task "server": running, waiting for channel.receive');
    },
  );

  it("rejects also when main swallows the Cancelled", async () => {
    const ended = await program(`
      await run(async () => {
        try { await sleepForever(); } catch (error) { console.log("swallowed", isCancelled(error)); }
        return "value";
      }).then(console.log, told);
    `);
    expect(ended).toMatchObject({ code: 0, stdout: "swallowed true\ndeadlock\n", stderr: "" });
  });

  it("what awaits a foreign promise that never comes is given up the second time", async () => {
    const ended = await program(`
      await run(() => new Promise(() => {})).catch(told);
      console.log("goes on");
    `);
    expect(ended).toMatchObject({ code: 0, stdout: "deadlock\ngoes on\n", stderr: "" });
  });

  it("so is what waits behind a shield", async () => {
    const ended = await program(`
      await run(async () => {
        const shield = new CancelStatus("scope", "shield", ambient, true).bind(currentStatus());
        await runIn(shield, () => sleepForever());
      }).catch(told);
    `);
    expect(ended).toMatchObject({ code: 0, stdout: "deadlock\n", stderr: "" });
  });

  it("cleanup may take its time", async () => {
    const ended = await program(`
      await run(async () => {
        try {
          await sleepForever();
        } finally {
          await new Promise((resolve) => setTimeout(resolve, 30));
          console.log("cleaned up");
        }
      }).catch(told);
    `);
    expect(ended).toMatchObject({ code: 0, stdout: "cleaned up\ndeadlock\n", stderr: "" });
  });

  it("an error of the cleanup does not hide the deadlock, and is its cause", async () => {
    const ended = await program(`
      await run(async () => {
        try { await sleepForever(); } finally { throw new Error("cleanup"); }
      }).catch((error) => { told(error); console.log(error.cause.message); });
      await run(() => sleepForever()).catch((error) => { told(error); console.log("cause" in error); });
    `);
    expect(ended).toMatchObject({ code: 0, stdout: "deadlock\ncleanup\ndeadlock\nfalse\n", stderr: "" });
  });

  it("several runs are told, each with its own tree", async () => {
    const ended = await program(`
      const message = (error) => console.log(error.message.split("\\n")[1]);
      await Promise.all([
        run(() => sleepForever(), { name: "a" }).catch(message),
        run(() => sleepForever(), { name: "b" }).catch(message),
      ]);
    `);
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expect(ended.stdout.trim().split("\n").sort()).toEqual(['run "a": open', 'run "b": open']);
  });

  it("a program may go on afterwards, and deadlock again", async () => {
    const ended = await program(`
      for (let i = 0; i < 3; i++) await run(() => sleepForever()).catch(told);
      await sleep(1);
      console.log("end");
    `);
    expect(ended).toMatchObject({ code: 0, stdout: "deadlock\ndeadlock\ndeadlock\nend\n", stderr: "" });
  });
});

it("the message stays readable when 10,000 tasks wait", async () => {
  const ended = await program(`
    await run(async () => {
      for (let i = 0; i < 10_000; i++) new CancelStatus("scope", "s" + i, ambient, false).bind(currentStatus());
      await sleepForever();
    }).catch((error) => console.log(error.message));
  `);
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  const lines = ended.stdout.trimEnd().split("\n");
  expect(lines.length).toBeLessThan(300);
  expect(lines.at(-1)).toMatch(/^\.\.\. and 9\d{3} more lines$/);
});

describe("no deadlock", () => {
  it("a pending real timer", async () => {
    const ended = await program(`
      await run(async () => {
        const operation = park("reply");
        setTimeout(() => operation.resume("answer"), 50);
        console.log(await operation.promise);
      });
    `);
    expect(ended).toMatchObject({ code: 0, stdout: "answer\n", stderr: "" });
  });

  it("a sleep", async () => {
    const ended = await program(`await run(() => sleep(50)).then(() => console.log("slept"));`);
    expect(ended).toMatchObject({ code: 0, stdout: "slept\n", stderr: "" });
  });

  it("a program without run: it just ends", async () => {
    const ended = await program(`void sleepForever(); console.log("end");`);
    expect(ended).toMatchObject({ code: 0, stdout: "end\n", stderr: "" });
  });

  it("work that a beforeExit listener of the user begins", async () => {
    const ended = await program(`
      let resume;
      process.once("beforeExit", () => setTimeout(() => resume("from beforeExit"), 10));
      await run(async () => {
        const operation = park("reply");
        resume = (value) => operation.resume(value);
        console.log(await operation.promise);
      }).catch(told);
    `);
    // whoever listened first is asked first; the run cannot know what the other one will do
    expect(ended).toMatchObject({ code: 0, signal: null, stderr: "" });
    expect(["from beforeExit\n", "deadlock\n"]).toContain(ended.stdout);
  });
});

it("leaves no listener on the process when the run is over", async () => {
  const ended = await program(`
    const before = process.listenerCount("beforeExit");
    await run(() => sleep(1));
    await Promise.all([run(() => sleep(1)), run(() => sleep(2))]);
    console.log(process.listenerCount("beforeExit") - before);
  `);
  expect(ended).toMatchObject({ code: 0, stdout: "0\n", stderr: "" });
});

import { rename, writeFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { Child } from "../props/child.ts";
import type { Configuration } from "../props/service.ts";
import { TemporaryFolder } from "../props/temporary-folder.ts";
import type { Log, Stop } from "../stop.ts";

export const signals: Stop = {
  file: "11-signals",
  title: "The signal that comes in between",
  claim:
    "A handler for SIGHUP runs once more while it still runs, so that the older configuration may win, and it stays when its " +
    "service has stopped. In Espalier signals are read in a loop, one after the other, equal ones as one; with the loop its " +
    "handler is gone, and a signal that was not read does what it does without one: it ends the program.",
  parts: [
    {
      world: "plain",
      code: "serve",
      from: "props/reload-plain",
      run: (log) => reloading("reload-plain", log),
    },
    {
      world: "espalier",
      code: "serve",
      from: "props/reload-espalier",
      run: (log) => reloading("reload-espalier", log),
    },
  ],
};

async function reloading(program: string, log: Log): Promise<string[]> {
  if (process.platform === "win32") {
    log("not run: on Windows no program can send another one SIGHUP");
    return [];
  }
  let overlapped = false;
  let inForce = "";
  let reloads = 0;
  let afterStop = 0;
  await using folder = await TemporaryFolder.make();
  const file = folder.file("configuration.json");
  await using child = new Child(program, [file], (line) => {
    log(line);
    overlapped ||= line.startsWith("reloads at once");
    if (line.startsWith("in force")) {
      inForce = line;
      reloads++;
      if (log.at("stopped") !== undefined) afterStop++;
    }
  });
  const change = async (
    configuration: Configuration,
  ): Promise<void> => {
    // At one stroke: it may be reading just now.
    await writeFile(`${file}.new`, JSON.stringify(configuration));
    await rename(`${file}.new`, file);
    log(`SIGHUP is sent, for version ${configuration.version}`);
    child.send("SIGHUP");
  };

  await child.says("serving");
  await change({ version: 1, connectMs: 400 });
  await child.says("reload begins: version 1");
  await change({ version: 2, connectMs: 100 });
  await setTimeout(60);
  await change({ version: 3, connectMs: 100 });
  await child.says("in force: version 1");
  await child.says("in force: version 3");
  const last = inForce;
  log(`3 signals, ${reloads} reloads; ${last}`);

  await change({ version: 4, connectMs: 300 });
  await child.says("reload begins: version 4");
  await change({ version: 5, connectMs: 100 });
  await setTimeout(60);
  log("the service is told to stop");
  child.endInput();
  const end = await child.ends();
  log(end);

  const objections: string[] = [];
  if (overlapped) objections.push("It reloaded while it reloaded.");
  if (last !== "in force: version 3")
    objections.push(`Not the newest configuration won: ${last}.`);
  if (afterStop > 0)
    objections.push(
      `It went on reloading when it had stopped: ${afterStop} times.`,
    );
  if (end !== "ended by SIGHUP")
    objections.push("The last SIGHUP was swallowed by a dead service.");
  return objections;
}

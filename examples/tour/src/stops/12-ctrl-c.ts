import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { Child } from "../props/child.ts";
import { TemporaryFolder } from "../props/temporary-folder.ts";
import type { Log, Stop } from "../stop.ts";

export const ctrlC: Stop = {
  file: "12-ctrl-c",
  title: "Ctrl-C, and the cleanup that it cuts off",
  claim:
    "Ctrl-C ends a Node program without its finally blocks, and where a handler cleans up, the program goes on with its work " +
    "meanwhile. In Espalier runMain makes a cancellation of it: the work ends, its cleanup is completed, and the exit code " +
    "is 130.",
  parts: [
    {
      world: "plain",
      code: "main",
      from: "props/export-plain",
      run: (log) => interrupted("export-plain", log),
    },
    {
      world: "plain",
      caption: "with a handler",
      code: "main",
      from: "props/export-handler",
      run: (log) => interrupted("export-handler", log),
    },
    {
      world: "espalier",
      code: "main",
      from: "props/export-espalier",
      run: (log) => interrupted("export-espalier", log),
    },
  ],
};

async function interrupted(
  program: string,
  log: Log,
): Promise<string[]> {
  if (process.platform === "win32") {
    log("not run: on Windows no program can send another one Ctrl-C");
    return [];
  }
  await using folder = await TemporaryFolder.make();
  const file = folder.file("table.txt");
  await using child = new Child(program, [file], log);
  await child.says("at work");
  await setTimeout(200);
  log("Ctrl-C");
  child.send("SIGINT");
  const end = await child.ends();
  log(end);

  const lines = (await readFile(file, "utf8")).trimEnd().split("\n");
  const last = lines.at(-1);
  const locked = existsSync(`${file}.lock`);
  log(
    `the file has ${lines.length} lines; the last one: ${last}; ${locked ? "still locked" : "no lock"}`,
  );
  const objections: string[] = [];
  if (locked) objections.push("The lock was left behind.");
  const total = lines.findIndex((line) => line.startsWith("total"));
  if (total === -1)
    objections.push("The file has no end: no total was written.");
  else if (total !== lines.length - 1)
    objections.push(
      `${lines.length - 1 - total} rows were written after the total.`,
    );
  else if (last !== `total: ${total}`)
    objections.push(`${total} rows, but ${last}.`);
  if (lines.length < 3)
    objections.push("It had not begun when it was interrupted.");
  if (end !== "exit code 130")
    objections.push(
      `It did not end by itself with exit code 130: ${end}.`,
    );
  return objections;
}

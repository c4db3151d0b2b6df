import { withSignal } from "@espalier/cancel-scope";
import { fileURLToPath } from "node:url";
import { type ProgramRun, runProgram } from "../props/run-program.ts";
import type { Log, Part, Stop } from "../stop.ts";

export const realInput: Stop = {
  file: "07-real-input",
  title: "A real program, and Ctrl-C",
  claim:
    "The script that one writes in a minute reads all files at once; when it is interrupted, what it had counted is gone. " +
    "The small program in examples/word-count has a few workers, a time limit for each file, and ends on Ctrl-C with what " +
    "it has so far.",
  parts: [
    {
      world: "plain",
      caption: "with Ctrl-C after 0.5 s",
      code: "main",
      from: "usual-script",
      run: (log) => interrupted(log, runScript),
    },
    {
      world: "espalier",
      caption: "on the sources of this project",
      code: "countFiles",
      from: "word-count/count-folder",
      run: onTheSources,
    },
    {
      world: "espalier",
      caption: "on everything in its folder, with Ctrl-C after 0.5 s",
      code: "count",
      from: "word-count/main",
      run: (log) => interrupted(log, runWordCount),
    },
  ] satisfies Part[],
};

const folder = fileURLToPath(new URL("../../..", import.meta.url));

function runScript(options: ProgramRun): Promise<string> {
  const script = fileURLToPath(
    new URL("usual-script.js", import.meta.url),
  );
  return runProgram(script, { ...options, args: [folder] });
}

function runWordCount(options: ProgramRun): Promise<string> {
  const program = fileURLToPath(
    import.meta.resolve("@espalier/example-word-count"),
  );
  return withSignal((signal) =>
    runProgram(program, { ...options, signal }),
  );
}

async function onTheSources(log: Log): Promise<string[]> {
  let files = 0;
  const end = await runWordCount({
    onLine: (line) => {
      log(line);
      files = filesIn(line) ?? files;
    },
  });
  log(end);
  const objections: string[] = [];
  if (end !== "exit code 0")
    objections.push(`It ended with ${end} instead of exit code 0.`);
  if (files === 0) objections.push("It has counted nothing.");
  return objections;
}

async function interrupted(
  log: Log,
  start: (options: ProgramRun) => Promise<string>,
): Promise<string[]> {
  if (process.platform === "win32") {
    log("not run: on Windows no program can send another one Ctrl-C");
    return [];
  }
  let files = 0;
  let said = false;
  const end = await start({
    args: [folder, "--all"],
    onLine: (line) => {
      files = filesIn(line) ?? files;
      said ||= line.startsWith("Interrupted:");
      if (/^(Counting|total|Interrupted)/.test(line)) log(line);
    },
    ctrlCAfterMs: 500,
  });
  log(end);
  const objections: string[] = [];
  if (files === 0)
    objections.push("Nothing came out of what it had counted.");
  else if (!said)
    objections.push("It did not say that it was interrupted.");
  if (end !== "exit code 130")
    objections.push(
      `It did not end by itself with exit code 130: ${end}.`,
    );
  return objections;
}

/** The number of files, if this is the line of the table that has it. */
function filesIn(line: string): number | undefined {
  const files = /^total +([\d,]+)/.exec(line)?.[1];
  return files === undefined
    ? undefined
    : Number(files.replaceAll(",", ""));
}

import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";

import { currentSignal } from "@espalier/cancel-scope";
import { runMain } from "@espalier/signals";
import { parseProcfile } from "./procfile.ts";
import { supervise } from "./supervise.ts";

const usage = `Keeps programs running, and stops all of them on Ctrl-C, the last one first.

  node dist/main.js [Procfile] [--first-delay ms] [--longest-delay ms] [--grace ms]

A Procfile has a line "name: command" for each program.
`;

// Nobody reads us any more (`| head`): that is a reason to stop, and to stop cleanly.
process.stdout.once("error", () => process.kill(process.pid, "SIGTERM")).on("error", () => undefined);

void runMain(
  async function supervisor() {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        "first-delay": { type: "string", default: "500" },
        "longest-delay": { type: "string", default: "30000" },
        grace: { type: "string", default: "5000" },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) {
      process.stdout.write(usage);
      return;
    }
    const reading = { encoding: "utf8", signal: currentSignal() } as const;
    const programs = parseProcfile(await readFile(positionals[0] ?? "Procfile", reading));
    const width = Math.max(...programs.map(({ name }) => name.length));
    const policy = {
      firstDelayMs: milliseconds(values["first-delay"]),
      longestDelayMs: milliseconds(values["longest-delay"]),
      healthyAfterMs: 10_000,
      graceMs: milliseconds(values.grace),
    };
    await supervise(programs, policy, (name, line) => {
      process.stdout.write(`${name.padEnd(width)} | ${line}\n`);
    });
  },
  { graceMs: 60_000 },
);

function milliseconds(text: string): number {
  const ms = Number(text);
  if (!(ms >= 0) || text.trim() === "")
    throw new RangeError(`"${text}" is not a number of milliseconds.\n\n${usage}`);
  return ms;
}

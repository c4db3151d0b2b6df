import { isCancelled } from "@espalier/core";
import { openNursery } from "@espalier/nursery";
import { runMain } from "@espalier/signals";
import { stat } from "node:fs/promises";
import { countFolder } from "./count-folder.ts";
import { type Options, parseOptions, usage, UsageError } from "./options.ts";
import { showProgress } from "./progress.ts";
import { report } from "./report.ts";
import { Tally } from "./tally.ts";

void runMain(main, { name: "word-count" });

async function main(): Promise<void> {
  try {
    const options = parseOptions(process.argv.slice(2));
    if (options.help) process.stdout.write(usage);
    else await count(options);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}.\n\n${usage}`);
    process.exitCode = 2;
  }
}

async function count(options: Options): Promise<void> {
  const { folder } = options;
  const stats = await stat(folder).catch(() => undefined);
  if (stats?.isDirectory() !== true) throw new UsageError(`"${folder}" is not a folder`);

  const tally = new Tally();
  try {
    await openNursery(async (nursery) => {
      nursery.startSoon(() => showProgress(tally), { daemon: true });
      process.stderr.write(`Counting ${folder}. Ctrl-C ends it with what there is.\n`);
      await countFolder(folder, options, tally);
    });
  } catch (error) {
    // Ctrl-C: all tasks have ended. What they have counted is worth a table; the cancellation goes on its way to runMain.
    if (isCancelled(error)) process.stdout.write(report(folder, tally, true));
    throw error;
  }
  process.stdout.write(report(folder, tally, false));
  if (!tally.complete) process.exitCode = 1;
}

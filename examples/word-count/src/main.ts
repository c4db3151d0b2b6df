import { CancelScope } from "@espalier/cancel-scope";
import { run } from "@espalier/core";
import { openNursery } from "@espalier/nursery";
import { stat } from "node:fs/promises";
import { countFolder } from "./count-folder.ts";
import { parseOptions, usage, UsageError } from "./options.ts";
import { showProgress } from "./progress.ts";
import { report } from "./report.ts";
import { Tally } from "./tally.ts";

process.exitCode = await run(main, { name: "word-count" });

/** Gives the exit code. */
async function main(): Promise<number> {
  try {
    const options = parseOptions(process.argv.slice(2));
    if (options.help) {
      process.stdout.write(usage);
      return 0;
    }
    const stats = await stat(options.folder).catch(() => undefined);
    if (stats?.isDirectory() !== true) throw new UsageError(`"${options.folder}" is not a folder`);

    const tally = new Tally();
    const interrupted = await untilCtrlC(() =>
      openNursery(async (nursery) => {
        nursery.startSoon(() => showProgress(tally), { daemon: true });
        process.stderr.write(`Counting ${options.folder}. Ctrl-C ends it with what there is.\n`);
        await countFolder(options.folder, options, tally);
      }),
    );
    process.stdout.write(report(options.folder, tally, interrupted));
    if (interrupted) return 130;
    return tally.complete ? 0 : 1;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}.\n\n${usage}`);
    return 2;
  }
}

/** Runs a body that Ctrl-C cancels; gives whether that happened. The second Ctrl-C ends the process, as without us. */
async function untilCtrlC(body: () => Promise<void>): Promise<boolean> {
  const scope = new CancelScope({ name: "until Ctrl-C" });
  const cancel = (): void => {
    scope.cancel("Ctrl-C");
  };
  process.once("SIGINT", cancel);
  try {
    await scope.run(body);
  } finally {
    process.off("SIGINT", cancel);
  }
  return scope.cancelledCaught;
}

import { sleep } from "@espalier/core";
import { SingleBar } from "cli-progress";
import type { Tally } from "./tally.ts";

/**
 * Draws a progress bar on stderr until it is cancelled. Start it as a daemon: it goes when the counting is done. Without
 * a terminal nothing is drawn.
 *
 * @checkpoint always
 */
export async function showProgress(tally: Tally): Promise<void> {
  if (!process.stderr.isTTY) return;
  const bar = new SingleBar({
    format: "{bar} {percentage}%  {value} of {total} files",
    barCompleteChar: "█",
    barIncompleteChar: "░",
    barsize: 30,
    stream: process.stderr,
    clearOnComplete: true,
    // Ctrl-C is the program's business.
    gracefulExit: false,
  });
  await sleep(50);
  bar.start(tally.found, tally.done);
  try {
    while (true) {
      await sleep(50);
      bar.setTotal(tally.found);
      bar.update(tally.done);
    }
  } finally {
    bar.stop();
  }
}

import { failAfter, TooSlowError } from "@espalier/cancel-scope";
import { type MemoryReceiveChannel, openMemoryChannel } from "@espalier/channel";
import { openNursery } from "@espalier/nursery";
import { BinaryFileError, countFile } from "./count-file.ts";
import { NotAFileError } from "./open-file.ts";
import { isSystemError } from "./system-error.ts";
import type { Tally } from "./tally.ts";
import { walk, type WalkOptions } from "./walk.ts";

export interface CountOptions extends WalkOptions {
  /** How many files are read at the same time. */
  readonly workers: number;
  /** Milliseconds that each file may take. */
  readonly fileTimeoutMs: number;
}

/** How far the walk may be ahead of the workers: enough for the progress bar to know what is coming, and no more memory. */
const ahead = 1000;

/**
 * Counts the files below a folder into `tally`: one task walks, several count. All of them have ended when this ends, and
 * what was counted by then is in `tally`, however it ends.
 *
 * @checkpoint always
 * @cancellation The tally holds what was counted until then, and no half of a file.
 */
export async function countFolder(folder: string, options: CountOptions, tally: Tally): Promise<void> {
  const [send, receive] = openMemoryChannel<string>(ahead);
  await openNursery(
    async (nursery) => {
      nursery.startSoon(() => walk(folder, send, options, tally), { name: "walk" });
      for (let n = 1; n <= options.workers; n++) {
        const files = receive.clone();
        nursery.startSoon(() => countFiles(files, options, tally), { name: `worker ${n}` });
      }
      // The workers have their own ends. When they are gone, the walk must not wait for anybody.
      receive.close();
    },
    { name: "count" },
  );
}

async function countFiles(
  files: MemoryReceiveChannel<string>,
  { fileTimeoutMs }: CountOptions,
  tally: Tally,
): Promise<void> {
  using mine = files;
  for await (const path of mine) {
    try {
      const count = await failAfter(fileTimeoutMs, () => countFile(path));
      tally.count(path, count);
    } catch (error) {
      leaveOut(path, error, tally);
    }
  }
}

/** Notes what one file may do wrong. Everything else goes on: a cancellation to its scope, a bug to the nursery. */
function leaveOut(path: string, error: unknown, tally: Tally): void {
  if (error instanceof BinaryFileError) tally.leaveOut(path, "binary", false);
  else if (error instanceof TooSlowError) tally.leaveOut(path, "took too long", true);
  else if (error instanceof NotAFileError) tally.leaveOut(path, "not a file any more", false);
  else if (!isSystemError(error)) throw error;
  else if (error.code === "ENOENT") tally.leaveOut(path, "vanished", false);
  else tally.leaveOut(path, `not readable (${error.code})`, true);
}

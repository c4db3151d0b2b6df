import { abandonOnCancel } from "@espalier/cancel-scope";
import type { MemorySendChannel } from "@espalier/channel";
import type { BigIntStats, Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { isSystemError } from "./system-error.ts";
import type { Tally } from "./tally.ts";

export interface WalkOptions {
  /** Whether to go where symbolic links lead; each folder and file is visited once, however many links lead there. */
  readonly follow: boolean;
  /** Whether to visit hidden entries, `node_modules` and `dist` too. */
  readonly all: boolean;
}

/**
 * Sends the path of every file below a folder, and closes the channel at the end. It runs no further ahead of those who
 * receive than the channel's capacity.
 *
 * Reading a folder cannot be interrupted, so `abandonOnCancel` stops waiting for it: it leaves nothing behind but a list
 * that nobody looks at.
 *
 * @checkpoint always
 */
export async function walk(
  root: string,
  files: MemorySendChannel<string>,
  options: WalkOptions,
  tally: Tally,
): Promise<void> {
  using mine = files;
  const seen = options.follow ? new Set([identity(await stat(root, { bigint: true }))]) : undefined;
  const folders = [root];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const subfolders: string[] = [];
    for (const entry of await entriesOf(folder, tally)) {
      if (!options.all && isUsuallyUnwanted(entry)) continue;
      const path = join(folder, entry.name);
      const kind = await kindOf(path, entry, seen, tally);
      if (kind === "folder") subfolders.push(path);
      if (kind === "file") {
        tally.found++;
        await mine.send(path);
      }
    }
    folders.push(...subfolders.reverse());
  }
}

async function entriesOf(folder: string, tally: Tally): Promise<Dirent[]> {
  try {
    const entries = await abandonOnCancel(readdir(folder, { withFileTypes: true }));
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    passBy(folder, error, tally);
    return [];
  }
}

async function kindOf(
  path: string,
  entry: Dirent,
  seen: Set<string> | undefined,
  tally: Tally,
): Promise<"folder" | "file" | "other"> {
  if (seen === undefined) {
    if (entry.isSymbolicLink()) tally.passBy(path, "symbolic link", false);
    return kindOfEntry(entry);
  }
  try {
    const stats = await abandonOnCancel(stat(path, { bigint: true }));
    if (seen.has(identity(stats))) return "other";
    seen.add(identity(stats));
    return kindOfEntry(stats);
  } catch (error) {
    passBy(path, error, tally);
    return "other";
  }
}

/** The same place can be reached by its name and by links, in circles too; its number on its disk is one. */
function identity({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}

/** A named pipe is read like a file. What else there is (sockets, devices) has no end, or no words. */
function kindOfEntry(what: Pick<Dirent, "isDirectory" | "isFile" | "isFIFO">): "folder" | "file" | "other" {
  if (what.isDirectory()) return "folder";
  return what.isFile() || what.isFIFO() ? "file" : "other";
}

/** What a version control system, a package manager or a build put there. */
function isUsuallyUnwanted({ name }: Dirent): boolean {
  return name.startsWith(".") || name === "node_modules" || name === "dist";
}

function passBy(path: string, error: unknown, tally: Tally): void {
  if (!isSystemError(error)) throw error;
  if (error.code === "ENOENT" || error.code === "ELOOP")
    tally.passBy(path, "led nowhere, or vanished", false);
  else tally.passBy(path, `not readable (${error.code})`, true);
}

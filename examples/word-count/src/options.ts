import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { CountOptions } from "./count-folder.ts";

export const usage = `Usage: node dist/main.js [folder] [options]

Counts the lines and words of the files below a folder, per kind.
Without a folder: the sources of the project to which this program belongs.

  --workers <n>        how many files are read at the same time (default 8)
  --file-timeout <ms>  how long one file may take, in milliseconds (default 5000)
  --follow             follow symbolic links
  --all                do not leave out hidden files, node_modules and dist
  --help               show this text

Ctrl-C ends it with what it has so far.
Exit codes: 0 all was counted, 1 something could not be read, 2 wrong usage, 130 ended by Ctrl-C.
`;

/** From both src/ and dist/, the root of the project. */
const projectFolder = fileURLToPath(new URL("../../..", import.meta.url));

export interface Options extends CountOptions {
  readonly folder: string;
  readonly help: boolean;
}

/** The command line cannot be understood; the message says why. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Reads the command line. */
export function parseOptions(args: readonly string[]): Options {
  const { values, positionals } = parse(args);
  if (positionals.length > 1)
    throw new UsageError(`One folder is enough, these are ${positionals.length}: ${positionals.join(", ")}`);
  return {
    folder: positionals[0] ?? projectFolder,
    workers: wholeNumber("--workers", values.workers, 1000),
    fileTimeoutMs: wholeNumber("--file-timeout", values["file-timeout"], Number.MAX_SAFE_INTEGER),
    follow: values.follow,
    all: values.all,
    help: values.help,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        workers: { type: "string", default: "8" },
        "file-timeout": { type: "string", default: "5000" },
        follow: { type: "boolean", default: false },
        all: { type: "boolean", default: false },
        help: { type: "boolean", default: false, short: "h" },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function wholeNumber(flag: string, text: string, most: number): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= 1 && number <= most) return number;
  throw new UsageError(`${flag} needs a whole number from 1 to ${most}, not "${text}"`);
}

import { parseArgs } from "node:util";
import { numberOf, type Stop } from "./stop.ts";

export const usage = `Usage: npm start -- [number ...] [--list]

Without a number it walks through all stops.

  --list   list the stops
  --help   show this text

Exit codes: 0 everything was as claimed, 1 something was not, 2 wrong usage.
`;

export interface Options {
  readonly stops: readonly Stop[];
  readonly list: boolean;
  readonly help: boolean;
}

/** The command line cannot be understood; the message says why. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Reads the command line. */
export function parseOptions(args: readonly string[], stops: readonly Stop[]): Options {
  const { values, positionals } = parse(args);
  const chosen = positionals.map((text) => {
    const stop = stops.find((each) => String(numberOf(each)) === text);
    if (stop === undefined)
      throw new UsageError(`There is no stop "${text}"; --list shows those that there are.`);
    return stop;
  });
  return { stops: chosen.length > 0 ? chosen : stops, list: values.list, help: values.help };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        list: { type: "boolean", default: false },
        help: { type: "boolean", default: false, short: "h" },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

import { type Options, parseOptions, usage, UsageError } from "./options.ts";
import { Screen } from "./screen.ts";
import { numberOf } from "./stop.ts";
import { stops } from "./stops/index.ts";
import { walkThrough } from "./tour.ts";

let options: Options | undefined;
try {
  options = parseOptions(process.argv.slice(2), stops);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\n\n${usage}`);
  process.exitCode = 2;
}
if (options?.help) process.stdout.write(usage);
else if (options?.list) {
  for (const stop of stops) process.stdout.write(`${String(numberOf(stop)).padStart(2)}  ${stop.title}\n`);
} else if (options !== undefined) {
  const { refuted, stuck } = await walkThrough(options.stops, new Screen(process.stdout));
  process.exitCode = refuted.length > 0 ? 1 : 0;
  // Otherwise the process ends by itself: nothing was left behind.
  if (stuck) process.exit();
}

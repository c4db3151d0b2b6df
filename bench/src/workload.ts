import type { Meter } from "./meter.ts";

/** The job of a workload, as one contender does it: gives what is checked. */
export type Job<R> = (size: number, meter: Meter) => Promise<R>;

/** What is to be done, and how it is told that it was. How it is done is the contenders' affair. */
export interface Workload<R> {
  /** The key of the row: `--workload` takes it. */
  readonly name: string;
  /** The row in the table, for people; `{size}` is replaced. */
  readonly row: string;
  /** How many: in a measured run, in the smoke test, and in a quick run if that is less. */
  readonly size: { readonly full: number; readonly smoke: number; readonly quick?: number };
  readonly unit: "ms" | "bytes per task";
  /** The ratio to `raw` that Espalier wants to reach, by major version of Node. */
  readonly target?: Readonly<Record<number, number>>;
  /** Throws unless the result is right: a broken contender must not look fast. */
  check(result: R, size: number, elapsedMs: number): void;
  /** The figure to report; by default the milliseconds on the meter. */
  value?(result: R, size: number, elapsedMs: number): number;
  /** Not a row of its own: it shows how cost grows, or what is allocated. */
  readonly inTable?: false;
  /** What has to go on beside the job, such as a timer that measures its own delay. */
  beside?(): Promise<Companion>;
}

/** Goes on while a job runs. */
export interface Companion {
  /** Ends it, and gives the figures to report beside the main one. */
  stop(): Promise<Readonly<Record<string, number>>>;
}

/** Throws, with what was expected, unless the two are equal. */
export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  if (!Object.is(actual, expected))
    throw new Error(`${what}: expected ${String(expected)}, got ${String(actual)}`);
}

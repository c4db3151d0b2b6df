/** Writes down what just happened, a text or an error. */
export interface Log {
  /** Gives the milliseconds since the part began. */
  (what: unknown): number;
  /** When something was written down first, in milliseconds since the part began; `undefined` if it was not. */
  at(what: string): number | undefined;
}

/** One program that is really run. */
export interface Part {
  readonly world: "plain" | "espalier";
  /** What is different from the part before, where there are several of one world. */
  readonly caption?: string;
  /** What to show: the region, or the function, of this name in the source file. */
  readonly code: string;
  /** The source file, where it is not the stop's own; see src/sources.ts. */
  readonly from?: string;
  /**
   * Runs it, for a bounded time, and leaves nothing behind. Gives what was observed against the stop's claim: one sentence
   * each; nothing if it is as claimed.
   */
  run(log: Log): Promise<string[]>;
}

/** One claim of the tour, and the programs that put it to the test. */
export interface Stop {
  /** The name of its file in src/stops, such as "01-swallowed-by-cleanup"; its number comes from it. */
  readonly file: string;
  readonly title: string;
  /** Two plain sentences: what goes wrong, and what holds instead. */
  readonly claim: string;
  /** In the order in which they are run. The plain one has to fall short of the claim, or the stop is pointless. */
  readonly parts: readonly Part[];
}

/** The number under which a stop is listed. */
export function numberOf(stop: Stop): number {
  return Number.parseInt(stop.file, 10);
}

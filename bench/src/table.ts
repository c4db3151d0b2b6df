import type { Ratio } from "./statistics.ts";

/** What came out for one contender in one row. */
export interface Entry {
  readonly contender: string;
  /** Only where the contender did a smaller part of the row; its ratio is then to the baseline of that size. */
  readonly size?: number | undefined;
  /** The mean of the runs of each process. */
  readonly values: readonly number[];
  readonly median: number;
  /** To the baseline, pair by pair. */
  readonly ratio: Ratio;
  /** Figures beside the main one: of each, the median over the processes. */
  readonly beside: Readonly<Record<string, number>>;
}

/** One workload, done by all contenders. */
export interface Row {
  readonly workload: string;
  readonly text: string;
  readonly size: number;
  readonly unit: string;
  /** What Espalier wants to reach; `undefined` if nobody said. */
  readonly target?: number | undefined;
  /** The baseline against itself: how much a ratio says. */
  readonly noise: Ratio;
  readonly entries: readonly Entry[];
}

/** How the cost of one item of a workload changes with their number. */
export interface Growth {
  readonly workload: string;
  /** What is counted. */
  readonly items: string;
  /** For each point. */
  readonly processes: number;
  readonly lines: readonly {
    readonly contender: string;
    /** The time the thread was busy, in nanoseconds for each item: its median over the processes. */
    readonly points: readonly { readonly size: number; readonly nsPerItem: number }[];
  }[];
}

/** What one operation allocates. */
export interface Allocation {
  readonly operation: string;
  /** By contender. */
  readonly bytes: Readonly<Record<string, number>>;
}

/** Where the time of our cell of a workload goes. */
export interface Profile {
  readonly workload: string;
  /** By whose it is: each a part of 1. */
  readonly shares: Readonly<Record<string, number>>;
}

/** All that one Node gave. */
export interface Table {
  readonly node: string;
  readonly v8: string;
  readonly machine: string;
  readonly date: string;
  /** Versions of the contenders that come from the registry. */
  readonly peers: Readonly<Record<string, string>>;
  /** Processes for each cell. */
  readonly repeats: number;
  /** The load of the machine (its one-minute average) before and after. */
  readonly load: readonly [before: number, after: number];
  readonly rows: readonly Row[];
  readonly growth: readonly Growth[];
  readonly allocation: readonly Allocation[];
  readonly profiles: readonly Profile[];
}

/** The major version of the Node that gave the table. */
export function majorOf({ node }: Pick<Table, "node">): number {
  return Number(node.replace(/^v/, "").split(".")[0]);
}

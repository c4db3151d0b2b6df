import { jobOf } from "../measure.ts";
import type { WorkloadKey } from "../workloads/find.ts";
import type { Contender } from "../workloads/index.ts";

/** The one that all others are compared with. */
export const baseline = "raw";

interface Registered {
  readonly load: () => Promise<Contender>;
  /** What it is, for the page. */
  readonly text: string;
  /** Instead of the size of a workload, by its name: where the whole would take minutes. */
  readonly smaller?: Readonly<Record<string, number>>;
}

/** With a million, a single process takes a minute. */
const fewerSleepers = { sleepers: 200_000 };

/** All contenders, in the order of the table. Loaded when needed: what one imports must not change how another runs. */
export const contenders: Readonly<Record<string, Registered>> = {
  raw: {
    load: async () => (await import("./raw/index.ts")).raw,
    text: "hand-written promises for just this job; a scope is an `AbortController`",
  },
  "raw-als": {
    load: async () => (await import("./raw-als/index.ts")).rawAls,
    text: "the same with an `AsyncLocalStorage` context for each task and scope: what an ambient library cannot avoid",
  },
  "raw-scope": {
    load: async () => (await import("./raw-scope/index.ts")).rawScope,
    text: "written by hand with the guarantees of Espalier: a token passed down, every wait abortable, FIFO, no starvation",
    smaller: { sleeps: 200_000, ...fewerSleepers },
  },
  espalier: {
    load: async () => (await import("./espalier/index.ts")).espalier,
    text: "as a user of Espalier writes it",
  },
  effect: {
    load: async () => (await import("./effect/index.ts")).effect,
    text: "[Effect](https://effect.website) 4: fibers and generators; a scope is a child fiber that is joined",
    smaller: { "ping-pong": 100_000, sleeps: 200_000, ...fewerSleepers },
  },
  effection: {
    load: async () => (await import("./effection/index.ts")).effection,
    text: "[Effection](https://frontside.com/effection) 4: generators; it has no queue with a bound, so its channels pay each item back with a credit",
    smaller: {
      spawn: 5_000,
      "nursery-tree": 10,
      "time-limit": 5_000,
      "cancel-sleepers": 5_000,
      "nested-scopes": 1_000,
      "deep-checkpoints": 1_000,
      "parked-heap": 2_000,
    },
  },
  "p-map": {
    load: async () => (await import("./p-map/index.ts")).pMapContender,
    text: "[p-map](https://github.com/sindresorhus/p-map), without a bound, where it applies",
    smaller: fewerSleepers,
  },
  "p-limit": {
    load: async () => (await import("./p-limit/index.ts")).pLimitContender,
    text: "[p-limit](https://github.com/sindresorhus/p-limit), without a bound, where it applies",
    smaller: fewerSleepers,
  },
};

/** How much of a workload a contender does. */
export function sizeFor(name: string, workloadName: string, size: number): number {
  return Math.min(size, registered(name).smaller?.[workloadName] ?? size);
}

/** Of these contenders the ones that do the job, in the same order. */
export async function takersOf(key: WorkloadKey, names: readonly string[]): Promise<string[]> {
  const takers: string[] = [];
  for (const name of names) if (jobOf(await loadContender(name), key) !== undefined) takers.push(name);
  return takers;
}

/** Loads a contender by its name. */
export function loadContender(name: string): Promise<Contender> {
  return registered(name).load();
}

function registered(name: string): Registered {
  const found = Object.hasOwn(contenders, name) ? contenders[name] : undefined;
  if (found === undefined)
    throw new Error(`there is no contender "${name}"; there are: ${Object.keys(contenders).join(", ")}`);
  return found;
}

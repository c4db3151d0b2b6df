import { jobOf } from "../measure.ts";
import type { WorkloadKey } from "../workloads/find.ts";
import type { Contender } from "../workloads/index.ts";

/** The one that all others are compared with. */
export const baseline = "raw";

/** All contenders, in the order of the table. Loaded when needed: what one imports must not change how another runs. */
export const contenders: Readonly<Record<string, () => Promise<Contender>>> = {
  raw: async () => (await import("./raw/index.ts")).raw,
  "raw-als": async () => (await import("./raw-als/index.ts")).rawAls,
  "raw-scope": async () => (await import("./raw-scope/index.ts")).rawScope,
  espalier: async () => (await import("./espalier/index.ts")).espalier,
};

/** Of these contenders the ones that do the job, in the same order. */
export async function takersOf(key: WorkloadKey, names: readonly string[]): Promise<string[]> {
  const takers: string[] = [];
  for (const name of names) if (jobOf(await loadContender(name), key) !== undefined) takers.push(name);
  return takers;
}

/** Loads a contender by its name. */
export async function loadContender(name: string): Promise<Contender> {
  const load = Object.hasOwn(contenders, name) ? contenders[name] : undefined;
  if (load === undefined)
    throw new Error(`there is no contender "${name}"; there are: ${Object.keys(contenders).join(", ")}`);
  return load();
}

import { shared } from "./registry.ts";

/** Where the task was spawned that an error ended. */
export interface SpawnSite {
  readonly task: string;
  readonly stack: string;
}

const spawnSites: WeakMap<object, SpawnSite> = /* @__PURE__ */ shared("spawn sites", () => new WeakMap());

/** Remembers with an error which task it ended. The first task wins: it is where the error came from. */
export function noteSpawnSite(error: unknown, site: SpawnSite): void {
  if (typeof error === "object" && error !== null && !spawnSites.has(error)) spawnSites.set(error, site);
}

/** Which task an error ended, and where it was spawned; `undefined` without debug mode. */
export function spawnSiteOf(error: object): SpawnSite | undefined {
  return spawnSites.get(error);
}

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { answerOf, program } from "./process-cell.ts";
import type { Profile } from "./table.ts";
import { findWorkload } from "./workloads/find.ts";

/** What a .cpuprofile holds, as far as it is read here. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
  }[];
  readonly samples: readonly number[];
  /** Microseconds. */
  readonly timeDeltas: readonly number[];
}

/** Profiles the cells of a contender: where the thread's time goes, in shares. */
export async function profileCells(
  node: string,
  workloads: readonly string[],
  contender: string,
  report: (line: string) => void,
): Promise<Profile[]> {
  const found: Profile[] = [];
  for (const name of workloads) {
    const { size } = findWorkload(name).workload;
    const shares = sharesOf(await profiled(node, name, contender, size.quick ?? size.full));
    report(`  ${name}: ${sharesText(shares)}`);
    found.push({ workload: name, shares });
  }
  return found;
}

async function profiled(
  node: string,
  workload: string,
  contender: string,
  size: number,
): Promise<CpuProfile> {
  const folder = mkdtempSync(join(tmpdir(), "espalier-bench-"));
  try {
    const flags = ["--expose-gc", "--cpu-prof", "--cpu-prof-dir", folder];
    const args = [...flags, program("cell"), workload, contender, String(size)];
    await answerOf(node, args, `profile of ${workload} by ${contender}`);
    const [file] = readdirSync(folder);
    return JSON.parse(readFileSync(join(folder, file as string), "utf8")) as CpuProfile;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The shares of the time that was not idle, from the largest. */
export function sharesOf({ nodes, samples, timeDeltas }: CpuProfile): Record<string, number> {
  const owners = new Map(nodes.map(({ id, callFrame }) => [id, ownerOf(callFrame)]));
  const times = new Map<string, number>();
  let total = 0;
  samples.forEach((id, i) => {
    const owner = owners.get(id);
    if (owner === undefined) return;
    const time = timeDeltas[i] as number;
    times.set(owner, (times.get(owner) ?? 0) + time);
    total += time;
  });
  const sorted = [...times].toSorted((a, b) => b[1] - a[1]);
  return Object.fromEntries(sorted.map(([owner, time]) => [owner, time / total]));
}

/** Whose time it is; `undefined` for nobody's. */
function ownerOf({ functionName, url }: CpuProfile["nodes"][number]["callFrame"]): string | undefined {
  if (functionName === "(idle)") return undefined;
  if (functionName === "(garbage collector)") return "garbage collection";
  if (/async_hooks|async_context_frame/.test(url)) return "AsyncLocalStorage";
  if (/^write(Buffer|Utf8String)$/.test(functionName)) return "writing to sockets";
  if (/@espalier\/|\/packages\//.test(url)) return "Espalier";
  if (url.includes("/bench/dist/")) return "the job itself";
  return "Node and V8";
}

/** Shares of a hundredth and more, in words. */
export function sharesText(shares: Readonly<Record<string, number>>): string {
  return Object.entries(shares)
    .filter(([, share]) => share >= 0.01)
    .map(([owner, share]) => `${owner} ${(share * 100).toFixed(0)} %`)
    .join(", ");
}

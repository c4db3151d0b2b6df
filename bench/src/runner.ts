import { cpus, loadavg } from "node:os";
import { countAllocation } from "./allocation.ts";
import { measureColdImport } from "./cold-import.ts";
import { baseline, sizeFor, takersOf } from "./contenders/index.ts";
import { measureGrowth } from "./growth.ts";
import type { Effort, Measured } from "./measure.ts";
import { measureInProcess } from "./process-cell.ts";
import { profileCells } from "./profile.ts";
import { mean, median, pairedRatio } from "./statistics.ts";
import { type Entry, majorOf, type Row, type Table } from "./table.ts";
import { peerVersions } from "./versions.ts";
import { findWorkload } from "./workloads/find.ts";
import type { AnyWorkload } from "./workloads/index.ts";

/** What is measured beside the workloads. */
export const asides = ["cold-import", "growth", "allocation", "profile"] as const;
export type Aside = (typeof asides)[number];

/** What to measure, and how thoroughly. */
export interface Plan {
  /** The binary, and what it says of itself. */
  readonly node: { readonly path: string; readonly version: string; readonly v8: string };
  readonly workloads: readonly string[];
  /** What is no workload of its own. */
  readonly asides: ReadonlySet<Aside>;
  /** The machine's load when the whole run began. */
  readonly loadBefore: number;
  /** The workloads that are profiled. */
  readonly profiled: readonly string[];
  readonly growthSizes: readonly number[];
  readonly contenders: readonly string[];
  /** How many of each workload. */
  readonly sizeOf: (workload: AnyWorkload) => number;
  /** Processes for each cell. */
  readonly repeats: number;
  readonly effort: Effort;
  readonly report: (line: string) => void;
}

/** Measures all that a plan asks for. */
export async function measureTable(plan: Plan): Promise<Table> {
  const { node, repeats, report } = plan;
  const rows: Row[] = [];
  for (const name of plan.workloads) rows.push(await measureRow(plan, name));
  const aside = async <T>(name: Aside, measure: () => Promise<T[]>): Promise<T[]> => {
    if (!plan.asides.has(name)) return [];
    report(`\n${name}`);
    return measure();
  };
  // One import is over in milliseconds: more of them than of other cells.
  const imports = await aside("cold-import", async () => [
    await measureColdImport(node.path, repeats * 5, report),
  ]);
  const growth = await aside("growth", () => measureGrowth(node.path, report, repeats, plan.growthSizes));
  const allocation = await aside("allocation", () => countAllocation(node.path, report));
  const profiles = await aside("profile", () => profileCells(node.path, plan.profiled, "espalier", report));
  return {
    node: node.version,
    v8: node.v8,
    machine: `${cpus().length} x ${cpus()[0]?.model.trim() ?? "unknown"}, ${process.platform} ${process.arch}`,
    date: new Date().toISOString().slice(0, 10),
    peers: peerVersions(),
    repeats,
    load: [plan.loadBefore, loadavg()[0] as number],
    rows: [...rows, ...imports],
    growth,
    allocation,
    profiles,
  };
}

async function measureRow(plan: Plan, name: string): Promise<Row> {
  const { key, workload } = findWorkload(name);
  const size = plan.sizeOf(workload);
  const textOf = (count: number): string => workload.row.replace("{size}", count.toLocaleString("en-US"));
  plan.report(`\n${name}: ${textOf(size)}`);

  const taking = await takersOf(key, plan.contenders);
  const sizeOf = (contender: string): number => sizeFor(contender, name, size);
  const baselineOf = (contender: string): Part => ({ contender: baseline, size: sizeOf(contender) });
  const parts = taking.map((contender): Part => ({ contender, size: sizeOf(contender) }));
  const smaller = [...new Set(parts.map((part) => part.size))].filter((each) => each < size);
  const baselines = smaller.map((each): Part => ({ contender: baseline, size: each }));
  const again: Part = { contender: baseline, size, again: true };
  const measured = await measureInterleaved(plan, name, [...parts, ...baselines, again]);

  const of = (part: Part): Measured[] => measured.get(keyOf(part)) as Measured[];
  const valuesOf = (part: Part): number[] => of(part).map(({ values }) => mean(values));
  const entries = parts.map((part): Entry => {
    const values = valuesOf(part);
    return {
      contender: part.contender,
      size: part.size === size ? undefined : part.size,
      values,
      median: median(values),
      ratio: pairedRatio(values, valuesOf(baselineOf(part.contender))),
      beside: mediansOf(of(part).map((each) => each.beside)),
    };
  });
  const noise = pairedRatio(valuesOf(again), valuesOf(baselineOf(baseline)));
  for (const entry of entries) plan.report(line(entry, workload.unit));
  plan.report(`  ${`${baseline} again`.padEnd(12)} ${"".padStart(14)}  ${ratioText(noise)}`);
  const target = workload.target?.[majorOf({ node: plan.node.version })];
  return { workload: name, text: textOf(size), size, unit: workload.unit, target, noise, entries };
}

/** One contender with one size. The baseline takes part once more, which tells the noise. */
interface Part {
  readonly contender: string;
  readonly size: number;
  readonly again?: boolean;
}

function keyOf({ contender, size, again = false }: Part): string {
  return `${contender} ${size} ${again}`;
}

/**
 * One process after the other, round by round, each round beginning with another contender: what the machine does
 * besides hits all alike.
 */
async function measureInterleaved(
  plan: Plan,
  workload: string,
  parts: readonly Part[],
): Promise<Map<string, Measured[]>> {
  const measured = new Map<string, Measured[]>(parts.map((part) => [keyOf(part), []]));
  for (let round = 0; round < plan.repeats; round++) {
    for (let i = 0; i < parts.length; i++) {
      const part = parts[(round + i) % parts.length] as Part;
      const found = await measureInProcess(plan.node.path, workload, part.contender, part.size, plan.effort);
      measured.get(keyOf(part))?.push(found);
    }
  }
  return measured;
}

function mediansOf(records: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const names = Object.keys(records[0] ?? {});
  return Object.fromEntries(
    names.map((name) => [name, median(records.map((record) => record[name] ?? NaN))]),
  );
}

function line({ contender, size, median: middle, ratio, beside }: Entry, unit: string): string {
  const extra = Object.entries(beside).map(([name, value]) => `${name} ${value.toFixed(2)}`);
  if (size !== undefined) extra.push(`at ${size}`);
  const figure = `${middle.toFixed(1)} ${unit === "ms" ? "ms" : "bytes"}`;
  return `  ${contender.padEnd(12)} ${figure.padStart(14)}  ${ratioText(ratio)}  ${extra.join(", ")}`.trimEnd();
}

function ratioText({ median: middle, low, high }: { median: number; low: number; high: number }): string {
  return `${middle.toFixed(2)} (${low.toFixed(2)}-${high.toFixed(2)})`;
}

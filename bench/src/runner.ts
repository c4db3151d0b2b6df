import { cpus, loadavg } from "node:os";
import { baseline, takersOf } from "./contenders/index.ts";
import type { Effort, Measured } from "./measure.ts";
import { measureInProcess } from "./process-cell.ts";
import { median, pairedRatio } from "./statistics.ts";
import { type Entry, majorOf, type Row, type Table } from "./table.ts";
import { findWorkload } from "./workloads/find.ts";

/** The baseline once more, under this name, tells the noise. */
const again = `${baseline} again`;

/** What to measure, and how thoroughly. */
export interface Plan {
  /** The binary, and what it says of itself. */
  readonly node: { readonly path: string; readonly version: string; readonly v8: string };
  readonly workloads: readonly string[];
  readonly contenders: readonly string[];
  /** Instead of each workload's own. */
  readonly size: number | undefined;
  /** Processes for each cell. */
  readonly repeats: number;
  readonly effort: Effort;
  readonly report: (line: string) => void;
}

/** Measures all cells of a plan, row by row. */
export async function measureTable(plan: Plan): Promise<Table> {
  const before = loadavg()[0] as number;
  const rows: Row[] = [];
  for (const name of plan.workloads) rows.push(await measureRow(plan, name));
  return {
    node: plan.node.version,
    v8: plan.node.v8,
    machine: `${cpus().length} x ${cpus()[0]?.model.trim() ?? "unknown"}, ${process.platform} ${process.arch}`,
    date: new Date().toISOString().slice(0, 10),
    repeats: plan.repeats,
    load: [before, loadavg()[0] as number],
    rows,
  };
}

async function measureRow(plan: Plan, name: string): Promise<Row> {
  const { key, workload } = findWorkload(name);
  const size = plan.size ?? workload.size.full;
  const text = workload.row.replace("{size}", size.toLocaleString("en-US"));
  plan.report(`\n${name}: ${text}`);

  const taking = await takersOf(key, plan.contenders);
  const measured = await measureInterleaved(plan, name, size, [...taking, again]);

  const valuesOf = (contender: string): number[] =>
    (measured.get(contender) as Measured[]).map(({ values }) => median(values));
  const base = valuesOf(baseline);
  const entries = taking.map((contender): Entry => {
    const values = valuesOf(contender);
    const beside = mediansOf((measured.get(contender) as Measured[]).map((each) => each.beside));
    return { contender, values, median: median(values), ratio: pairedRatio(values, base), beside };
  });
  const noise = pairedRatio(valuesOf(again), base);
  for (const entry of entries) plan.report(line(entry, workload.unit));
  plan.report(`  ${again.padEnd(12)} ${"".padStart(14)}  ${ratioText(noise)}`);
  const target = workload.target?.[majorOf({ node: plan.node.version })];
  return { workload: name, text, size, unit: workload.unit, target, noise, entries };
}

/**
 * One process after the other, round by round, each round beginning with another contender: what the machine does
 * besides hits all alike.
 */
async function measureInterleaved(
  plan: Plan,
  workload: string,
  size: number,
  names: readonly string[],
): Promise<Map<string, Measured[]>> {
  const measured = new Map<string, Measured[]>(names.map((name) => [name, []]));
  for (let round = 0; round < plan.repeats; round++) {
    for (let i = 0; i < names.length; i++) {
      const name = names[(round + i) % names.length] as string;
      const contender = name === again ? baseline : name;
      const found = await measureInProcess(plan.node.path, workload, contender, size, plan.effort);
      measured.get(name)?.push(found);
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

function line({ contender, median: middle, ratio, beside }: Entry, unit: string): string {
  const extra = Object.entries(beside).map(([name, value]) => `${name} ${value.toFixed(2)}`);
  const figure = `${middle.toFixed(1)} ${unit === "ms" ? "ms" : "bytes"}`;
  return `  ${contender.padEnd(12)} ${figure.padStart(14)}  ${ratioText(ratio)}  ${extra.join(", ")}`.trimEnd();
}

function ratioText({ median: middle, low, high }: { median: number; low: number; high: number }): string {
  return `${middle.toFixed(2)} (${low.toFixed(2)}-${high.toFixed(2)})`;
}

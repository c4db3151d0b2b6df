// `npm run bench -- --help` tells what it can do.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { drawChart } from "./chart.ts";
import { baseline, contenders, loadContender } from "./contenders/index.ts";
import type { Effort } from "./measure.ts";
import { drawGrowth } from "./growth-chart.ts";
import { sizes } from "./growth.ts";
import { findNode, type NodeBinary } from "./node-binary.ts";
import { writePage } from "./page.ts";
import { type Aside, asides, measureTable, type Plan } from "./runner.ts";
import { smokeTest } from "./smoke.ts";
import { majorOf, type Table } from "./table.ts";
import { findWorkload } from "./workloads/find.ts";
import { type AnyWorkload, workloads } from "./workloads/index.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = join(root, "docs", "benchmarks");
const cache = join(root, "node_modules", ".cache", "espalier-bench");

const help = `npm run bench -- [options]

  --workload <names>    only these rows (separated by commas)
  --contender <names>   only these, and ${baseline}
  --size <n>            instead of each workload's own size
  --repeat <n>          processes for each cell (default 5)
  --quick               a form of some minutes: two short processes for each cell, fewer sleeps, growth to 100,000
  --node <path|version> another Node, as often as wanted; a version is fetched from npm into node_modules/.cache
  --write               write docs/benchmarks.md, and what belongs to it, anew
  --page                measure nothing; write the page anew from the figures that are there
  --smoke               tiny sizes, one process for each cell: only that everything runs and every result is right

workloads: ${rowNames().join(", ")}
besides: ${asides.join(", ")}
contenders: ${Object.keys(contenders).join(", ")}`;

const thorough: Effort = { warmUp: { runs: 3, ms: 400 }, counted: { runs: 9, ms: 600 } };
const hasty: Effort = { warmUp: { runs: 2, ms: 200 }, counted: { runs: 5, ms: 200 } };

const { values: options } = parseArgs({
  options: {
    workload: { type: "string", multiple: true },
    contender: { type: "string", multiple: true },
    size: { type: "string" },
    repeat: { type: "string" },
    node: { type: "string", multiple: true },
    write: { type: "boolean", default: false },
    page: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
    smoke: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

if (options.help) console.log(help);
else if (options.page) rewritePage();
else await main();

async function main(): Promise<void> {
  const chosen = list(options.workload) ?? [...rowNames(), ...asides];
  const besides = new Set(asides.filter((name) => chosen.includes(name)));
  const rows = chosen.filter((name) => !(besides as ReadonlySet<string>).has(name));
  for (const name of rows) findWorkload(name);
  const asked = list(options.contender) ?? Object.keys(contenders);
  for (const name of asked) await loadContender(name);

  for (const wanted of options.node ?? [process.execPath]) {
    const node = findNode(wanted, cache);
    if (options.smoke) {
      const everything = Object.values(workloads).map(({ name }) => name);
      const cells = await smokeTest(node.path, options.workload === undefined ? everything : rows, asked);
      console.log(`${cells} cells ran on Node ${node.version}, and every result was right.`);
    } else {
      const names = [baseline, ...asked.filter((name) => name !== baseline)];
      console.log(`Node ${node.version}`);
      // One after the other, so that what took many minutes is not lost with the last.
      const steps: Step[] = [
        ...rows.map((row) => ({ workloads: [row], asides: new Set<Aside>() })),
        ...[...besides].map((aside) => ({ workloads: [], asides: new Set([aside]) })),
      ];
      const loadBefore = loadavg()[0] as number;
      for (const step of steps) {
        const table = await measureOn(
          node,
          { ...step, loadBefore, profiled: rows.length > 0 ? rows : rowNames() },
          names,
        );
        if (options.write) write(table);
      }
      if (options.write) console.log("\nWrote docs/benchmarks.md.");
    }
  }
}

type Step = Pick<Plan, "workloads" | "asides">;

function measureOn(
  node: NodeBinary,
  step: Step & Pick<Plan, "profiled" | "loadBefore">,
  names: readonly string[],
): Promise<Table> {
  const { quick, repeat } = options;
  const given = options.size === undefined ? undefined : positive(options.size, "--size");
  return measureTable({
    node,
    ...step,
    contenders: names,
    sizeOf: ({ size }) => given ?? (quick ? (size.quick ?? size.full) : size.full),
    growthSizes: quick ? sizes.slice(0, -1) : sizes,
    repeats: repeat === undefined ? (quick ? 2 : 5) : positive(repeat, "--repeat"),
    effort: quick ? hasty : thorough,
    report: console.log,
  });
}

/** The names of the workloads that are rows of the table. */
function rowNames(): string[] {
  return Object.values(workloads as Readonly<Record<string, AnyWorkload>>)
    .filter(({ inTable = true }) => inTable)
    .map(({ name }) => name);
}

/** Writes the table and its charts, and the page of all tables that are there. */
function write(table: Table): void {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `node${majorOf(table)}.json`);
  const merged = existsSync(file) ? merge(JSON.parse(readFileSync(file, "utf8")) as Table, table) : table;
  writeFileSync(file, `${JSON.stringify(merged, undefined, 2)}\n`);
  writeFileSync(file.replace(".json", ".svg"), drawChart(merged));
  if (merged.growth.length > 0)
    writeFileSync(join(folder, `growth${majorOf(table)}.svg`), drawGrowth(merged));
  rewritePage();
}

/** Writes the page of all tables that are there. */
function rewritePage(): void {
  const tables = readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as Table)
    .toSorted((a, b) => majorOf(a) - majorOf(b));
  writeFileSync(join(root, "docs", "benchmarks.md"), writePage(tables));
}

/** What was measured anew replaces the old. */
function merge(old: Table, fresh: Table): Table {
  const rows = new Map([...old.rows, ...fresh.rows].map((row) => [row.workload, row]));
  const order: readonly string[] = [...rowNames(), ...asides];
  const sorted = [...rows.values()].toSorted((a, b) => order.indexOf(a.workload) - order.indexOf(b.workload));
  return {
    ...fresh,
    rows: sorted,
    growth: fresh.growth.length > 0 ? fresh.growth : old.growth,
    allocation: fresh.allocation.length > 0 ? fresh.allocation : old.allocation,
    profiles: fresh.profiles.length > 0 ? fresh.profiles : old.profiles,
  };
}

function list(names: readonly string[] | undefined): string[] | undefined {
  return names?.flatMap((each) => each.split(","));
}

function positive(text: string, option: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new Error(`${option} needs a whole number, not ${text}`);
  return number;
}

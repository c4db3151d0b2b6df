// `npm run bench -- --help` tells what it can do.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { drawChart } from "./chart.ts";
import { baseline, contenders, loadContender } from "./contenders/index.ts";
import type { Effort } from "./measure.ts";
import { findNode, type NodeBinary } from "./node-binary.ts";
import { writePage } from "./page.ts";
import { measureTable } from "./runner.ts";
import { smokeTest } from "./smoke.ts";
import { majorOf, type Table } from "./table.ts";
import { findWorkload } from "./workloads/find.ts";
import { workloads } from "./workloads/index.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const cache = join(root, "node_modules", ".cache", "espalier-bench");

const help = `npm run bench -- [options]

  --workload <names>    only these rows (separated by commas)
  --contender <names>   only these, and ${baseline}
  --size <n>            instead of each workload's own size
  --repeat <n>          processes for each cell (default 5)
  --node <path|version> another Node, as often as wanted; a version is fetched from npm into node_modules/.cache
  --write               write docs/benchmarks.md, and what belongs to it, anew
  --smoke               tiny sizes, one process for each cell: only that everything runs and every result is right

workloads: ${Object.values(workloads)
  .map(({ name }) => name)
  .join(", ")}
contenders: ${Object.keys(contenders).join(", ")}`;

const thorough: Effort = { warmUp: { runs: 3, ms: 400 }, counted: { runs: 9, ms: 600 } };

const { values: options } = parseArgs({
  options: {
    workload: { type: "string", multiple: true },
    contender: { type: "string", multiple: true },
    size: { type: "string" },
    repeat: { type: "string" },
    node: { type: "string", multiple: true },
    write: { type: "boolean", default: false },
    smoke: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

if (options.help) console.log(help);
else await main();

async function main(): Promise<void> {
  const chosen = list(options.workload) ?? Object.values(workloads).map(({ name }) => name);
  for (const name of chosen) findWorkload(name);
  const asked = list(options.contender) ?? Object.keys(contenders);
  for (const name of asked) await loadContender(name);

  for (const wanted of options.node ?? [process.execPath]) {
    const node = findNode(wanted, cache);
    if (options.smoke) {
      const cells = await smokeTest(node.path, chosen, asked);
      console.log(`${cells} cells ran on Node ${node.version}, and every result was right.`);
    } else {
      const table = await measureOn(node, chosen, [baseline, ...asked.filter((name) => name !== baseline)]);
      if (options.write) write(table);
    }
  }
}

function measureOn(node: NodeBinary, chosen: readonly string[], asked: readonly string[]): Promise<Table> {
  console.log(`Node ${node.version}`);
  return measureTable({
    node,
    workloads: chosen,
    contenders: asked,
    size: options.size === undefined ? undefined : positive(options.size, "--size"),
    repeats: options.repeat === undefined ? 5 : positive(options.repeat, "--repeat"),
    effort: thorough,
    report: console.log,
  });
}

/** Writes the table and its chart, and the page of all tables that are there. */
function write(table: Table): void {
  const folder = join(root, "docs", "benchmarks");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `node${majorOf(table)}.json`);
  const merged = existsSync(file) ? merge(JSON.parse(readFileSync(file, "utf8")) as Table, table) : table;
  writeFileSync(file, `${JSON.stringify(merged, undefined, 2)}\n`);
  writeFileSync(file.replace(".json", ".svg"), drawChart(merged));
  const tables = readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as Table)
    .toSorted((a, b) => majorOf(a) - majorOf(b));
  const page = writePage(tables, (each) => `benchmarks/node${majorOf(each)}.svg`);
  writeFileSync(join(root, "docs", "benchmarks.md"), page);
  console.log("\nWrote docs/benchmarks.md.");
}

/** Rows that were measured anew replace the old ones. */
function merge(old: Table, fresh: Table): Table {
  const rows = new Map([...old.rows, ...fresh.rows].map((row) => [row.workload, row]));
  const order = Object.values(workloads).map(({ name }) => name);
  const sorted = [...rows.values()].toSorted((a, b) => order.indexOf(a.workload) - order.indexOf(b.workload));
  return { ...fresh, rows: sorted };
}

function list(names: readonly string[] | undefined): string[] | undefined {
  return names?.flatMap((each) => each.split(","));
}

function positive(text: string, option: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new Error(`${option} needs a whole number, not ${text}`);
  return number;
}

// Thread pools side by side, two threads each: `node dist/pools.js [rounds] [--write]`. In each round each pool has a process
// of its own, whose best of seven runs counts: what the machine does besides can only make a run slower.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { pools } from "./pools/pool.ts";
import { median } from "./statistics.ts";

interface Times {
  readonly tiny: number;
  readonly moving: number;
}

/** What our ratio to `raw` should be, by major version of Node. */
const targets: Readonly<Record<string, number>> = { 20: 1.8, 24: 1.6 };
const titles: Readonly<Record<keyof Times, string>> = {
  tiny: "20,000 tiny calls, 64 at a time",
  moving: "200 transfers of 1 MiB there and back, 8 at a time",
};

const rounds = Number(process.argv[2] ?? 5);
const names = Object.keys(pools);
const others = names.filter((name) => name !== "raw" && name !== "espalier");
const cell = fileURLToPath(new URL("pools/cell.js", import.meta.url));
const measured = new Map<string, Times[]>(names.map((name) => [name, []]));

for (let round = 0; round < rounds; round++) {
  for (let i = 0; i < names.length; i++) {
    const name = names[(round + i) % names.length]!;
    const output = execFileSync(process.execPath, [cell, name], { encoding: "utf8", timeout: 180_000 });
    measured.get(name)!.push(JSON.parse(output) as Times);
  }
}

const of = (name: string, what: keyof Times): number[] => measured.get(name)!.map((times) => times[what]);

/** One pool to another, or to the fastest of several, in the same round. */
function ratio(what: keyof Times, name: string, to: readonly string[]): string {
  const bases = to.map((other) => of(other, what));
  const ratios = of(name, what).map((ms, round) => ms / Math.min(...bases.map((each) => each[round]!)));
  return median(ratios).toFixed(2);
}

const row = (what: keyof Times): string[] => [
  titles[what],
  `${median(of("raw", what)).toFixed(1)} ms`,
  ...["espalier", ...others].map((name) => ratio(what, name, ["raw"])),
  ratio(what, "espalier", others),
];

const [major = ""] = process.versions.node.split(".");
const target = targets[major];
const heading = [
  `Node ${process.versions.node}`,
  "raw",
  target === undefined ? "espalier" : `espalier (target ${target})`,
  ...others,
  "espalier / the faster pool",
];
const lines = [heading, heading.map(() => "---"), row("tiny"), row("moving")];
const table = lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
console.log(table);
if (process.argv.includes("--write")) {
  const page = fileURLToPath(new URL("../pools.md", import.meta.url));
  const text = `# Thread pools

\`@espalier/to-thread\` beside piscina and tinypool (its \`worker_threads\`), two threads each, on one machine in one run of
\`node bench/dist/pools.js ${rounds} --write\` for each Node (after \`npm run build\`). \`raw\` is the least code that does the job: two workers
that take turns, and a number for each answer. The others are ratios to it, less is better. Each figure is the median of ${rounds}
processes, each of which gives its best of seven runs; the pools take turns, and a ratio is taken within a round. Every result is
checked.

What ours does beside: a call has a place in a line and a token of a limiter, can be cancelled at each point and taken back until it
has begun, carries the caller's context, and ends with an error when its thread dies. A transfer is sent only to a thread that
is free, because what was moved cannot be moved again if that thread dies: \`raw\` sends eight at once, and loses them.

${[...otherTables(page), table].sort().join("\n\n")}
`;
  writeFileSync(page, text);
}

/** What the page has of other Nodes. */
function otherTables(page: string): string[] {
  if (!existsSync(page)) return [];
  const tables = readFileSync(page, "utf8").trim().split("\n\n");
  return tables.filter((each) => each.startsWith("| Node ") && !each.startsWith(`| Node ${major}.`));
}

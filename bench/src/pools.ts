// Thread pools side by side, two threads each: `node dist/pools.js [rounds] [--write]`. In each round each pool has a process
// of its own, whose best of seven runs counts: what the machine does besides can only make a run slower.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { pools } from "./pools/pool.ts";
import { median } from "./statistics.ts";

interface Times {
  readonly tiny: number;
  readonly moving: number;
}

const rounds = Number(process.argv[2] ?? 5);
const names = Object.keys(pools);
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

/** Ours to the faster of the others, in the same round. */
function ratio(what: keyof Times): number {
  const others = names.filter((name) => name !== "espalier").map((name) => of(name, what));
  return median(
    of("espalier", what).map((ours, round) => ours / Math.min(...others.map((each) => each[round]!))),
  );
}

const rows = (["tiny", "moving"] as const).map((what) => {
  const text =
    what === "tiny"
      ? "20,000 tiny calls, 64 at a time"
      : "200 transfers of 1 MiB there and back, 8 at a time";
  const figures = names.map((name) => `${median(of(name, what)).toFixed(1)} ms`);
  return `| ${[text, ...figures, ratio(what).toFixed(2)].join(" | ")} |`;
});
const table = [
  `| Node ${process.versions.node} | ${names.join(" | ")} | espalier / the faster one |`,
  `| ${["---", ...names.map(() => "---"), "---"].join(" | ")} |`,
  ...rows,
].join("\n");
console.log(table);
if (process.argv.includes("--write")) {
  const page = fileURLToPath(new URL("../pools.md", import.meta.url));
  const text = `# Thread pools

\`@espalier/to-thread\` beside piscina and tinypool (its \`worker_threads\`), two threads each, on one machine in one run of
\`node bench/dist/pools.js ${rounds} --write\` (after \`npm run build\`). Each figure is the median of ${rounds} processes, each of which gives
its best of seven runs; the pools take turns. Every result is checked. The ratio is taken within a round, to the faster of
the two others.

${table}
`;
  writeFileSync(page, text);
}

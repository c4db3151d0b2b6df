import { majorOf, type Entry, type Row, type Table } from "./table.ts";

/** The Markdown page for all tables that there are. */
export function writePage(tables: readonly Table[], chartOf: (table: Table) => string): string {
  return `${[introduction, ...tables.map((table) => section(table, chartOf(table)))].join("\n\n")}\n`;
}

const introduction = `# Benchmarks

Written by \`npm run bench\`; how, and how to run it, is in [bench/README.md](../bench/README.md). Each figure is a ratio
to \`raw\`, the least code that does the job with promises and what Node brings, in the same run on the same machine; less
is better. Only ratios say something: the times are there to tell how long a run was.

${markdownTable([
  ["contender", "what it is"],
  ["raw", "hand-written promises for just this job; a scope is an `AbortController`"],
  [
    "raw-als",
    "the same with an `AsyncLocalStorage` context for each task and scope: what an ambient library cannot avoid",
  ],
  [
    "raw-scope",
    "written by hand with the guarantees of Espalier: a token passed down, every wait abortable, FIFO, no starvation",
  ],
  ["espalier", "as a user of Espalier writes it"],
])}

Each cell is the median over processes of the ratio to the \`raw\` process of the same round, with the lowest and the
highest in brackets. "noise" is \`raw\` against itself: what lies within it says nothing.`;

function section(table: Table, chart: string): string {
  const names = [...new Set(table.rows.flatMap((row) => row.entries.map(({ contender }) => contender)))];
  const [baseline, ...others] = names as [string, ...string[]];
  const header = ["workload", baseline, "noise", ...others, "target"];
  const rows = table.rows.map((row) => [
    row.text,
    figure(row, baseline),
    ratio(row.noise),
    ...others.map((name) => {
      const entry = row.entries.find(({ contender }) => contender === name);
      return entry === undefined ? "" : ratio(entry.ratio);
    }),
    row.target === undefined ? "" : String(row.target),
  ]);
  const beside = table.rows.filter((row) =>
    row.entries.some((entry) => Object.keys(entry.beside).length > 0),
  );
  return [
    `## Node ${majorOf(table)}`,
    `Node ${table.node}, V8 ${table.v8}, ${table.machine}; ${table.date}; ${table.repeats} processes for each cell, load ` +
      `${table.load[0].toFixed(1)} before and ${table.load[1].toFixed(1)} after.`,
    `![Ratios to raw on Node ${majorOf(table)}](${chart})`,
    markdownTable([header, ...rows]),
    ...beside.map(besideTable),
  ].join("\n\n");
}

function besideTable(row: Row): string {
  const names = Object.keys(row.entries[0]?.beside ?? {});
  const cells = row.entries.map((entry: Entry) => [
    entry.contender,
    ...names.map((name) => (entry.beside[name] ?? NaN).toFixed(name.endsWith("count") ? 0 : 2)),
  ]);
  return `Beside "${row.text}", delays in milliseconds:\n\n${markdownTable([["contender", ...names], ...cells])}`;
}

function figure(row: Row, contender: string): string {
  const value = row.entries.find((entry) => entry.contender === contender)?.median ?? NaN;
  return row.unit === "ms" ? `${value.toFixed(value < 10 ? 1 : 0)} ms` : `${value.toFixed(0)} bytes`;
}

function ratio({ median, low, high }: { median: number; low: number; high: number }): string {
  return `${short(median)} (${short(low)}-${short(high)})`;
}

function short(value: number): string {
  return value.toFixed(value < 10 ? 2 : 0);
}

/** Padded as the formatter would, so that the page need not be formatted. */
function markdownTable(rows: readonly (readonly string[])[]): string {
  const [header = []] = rows;
  const widths = header.map((_, column) => Math.max(3, ...rows.map((row) => (row[column] as string).length)));
  const lines = rows.map(
    (row) => `| ${row.map((cell, i) => cell.padEnd(widths[i] as number)).join(" | ")} |`,
  );
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [lines[0], rule, ...lines.slice(1)].join("\n");
}

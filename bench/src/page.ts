import { baseline, contenders } from "./contenders/index.ts";
import { causes, findings } from "./findings.ts";
import { sharesText } from "./profile.ts";
import { type Entry, majorOf, type Row, type Table } from "./table.ts";

/** What the page is about; what is compared with a target. */
const ours = "espalier";
/** The run alone makes about this much. */
const quietLoad = 2.5;

/** The Markdown page for all tables that there are. The charts lie beside the tables, in `benchmarks/`. */
export function writePage(tables: readonly Table[]): string {
  const parts = [
    introduction(tables),
    summary(tables),
    ...tables.map(misses),
    ...growth(tables),
    ...allocation(tables),
    size,
    pools,
    ...tables.map(details),
  ];
  return `${parts.join("\n\n")}\n`;
}

function introduction(tables: readonly Table[]): string {
  const load = Math.max(...tables.flatMap((table) => table.load));
  const busy =
    load <= quietLoad
      ? ""
      : ` The machine was not quiet: it had other\nwork besides, at a load of up to ${load.toFixed(0)}. Neighbours cost most where much is alive in memory; read the noise column first.`;
  const peers = Object.entries(tables.at(-1)?.peers ?? {}).map(([name, version]) => `${name} ${version}`);
  return `# Benchmarks

Written by \`npm run bench\`; how, and how to run it, is in [bench/README.md](../bench/README.md). Each figure is a ratio
to \`raw\`, the least code that does the job with promises and what Node brings, in the same run on the same machine; less
is better. Only ratios say something: the times are there to tell how long a run was.${busy}

${markdownTable([
  ["contender", "what it is"],
  ...Object.entries(contenders).map(([name, { text }]) => [name, text]),
])}

Each result is checked, theirs as ours: a contender that is fast because it leaves something out fails.

The peers are ${peers.join(", ")}.`;
}

/** Target and medians of all Nodes, in the form "Node 20 / Node 24". */
function summary(tables: readonly Table[]): string {
  const names = Object.keys(contenders).filter((name) => name !== baseline && name !== ours);
  const workloads = [
    ...new Map(tables.flatMap(({ rows }) => rows).map((row) => [row.workload, row])).values(),
  ];
  const rows = workloads.map(({ workload, text }) => {
    const found = tables.map((table) => table.rows.find((row) => row.workload === workload));
    const cell = (of: (row: Row) => string): string =>
      found.every((row) => row === undefined || of(row) === "")
        ? ""
        : found.map((row) => (row === undefined ? "" : of(row)) || "-").join(" / ");
    return [
      text,
      cell((row) => (row.target === undefined ? "" : String(row.target))),
      cell((row) => {
        const entry = entryOf(row, ours);
        if (entry === undefined) return "";
        return isMissed(row) ? `**${short(entry.ratio.median)}**` : short(entry.ratio.median);
      }),
      ...names.map((name) =>
        cell((row) => {
          const entry = entryOf(row, name);
          return entry === undefined
            ? ""
            : `${short(entry.ratio.median)}${entry.size === undefined ? "" : "\\*"}`;
        }),
      ),
      cell((row) => `${short(row.noise.low)}-${short(row.noise.high)}`),
    ];
  });
  const smaller = new Map(
    tables
      .flatMap((table) => table.rows)
      .flatMap((row) =>
        row.entries
          .filter((entry) => entry.size !== undefined)
          .map(
            (entry) =>
              [
                `${entry.contender} ${row.workload}`,
                `${entry.contender} with ${(entry.size as number).toLocaleString("en-US")} in "${row.text}"`,
              ] as const,
          ),
      ),
  );
  const note =
    smaller.size === 0
      ? ""
      : `\n\n\\* A smaller part of the row, because the whole takes minutes, against \`raw\` of the same size: ${[...smaller.values()].join("; ")}.`;
  const nodes = tables.map((table) => majorOf(table)).join(" / ");
  return `## All rows

Ratios to \`raw\` on Node ${nodes}: the median over processes. Bold is what misses its target; why is said below. "noise" is
\`raw\` against itself, the lowest and the highest: what lies within it says nothing.

${markdownTable([["workload", "target", ours, ...names, "noise"], ...rows])}${note}`;
}

function isMissed(row: Row): boolean {
  const entry = entryOf(row, ours);
  return row.target !== undefined && entry !== undefined && entry.ratio.median > row.target;
}

/** The rows that miss their target, each with what a bare context costs and what a profile shows. */
function misses(table: Table): string {
  const missed = table.rows.filter(isMissed);
  if (missed.length === 0) return `## Node ${majorOf(table)}: every target is reached`;
  const found = missed.map((row) => findings[row.workload]?.[majorOf(table)]);
  const rows = missed.map((row, i) => {
    const finding = found[i];
    const bare = entryOf(row, "raw-als")?.ratio.median;
    const guaranteed = entryOf(row, "raw-scope")?.ratio.median;
    const shares = table.profiles.find(({ workload }) => workload === row.workload)?.shares;
    return [
      row.text,
      String(row.target),
      short((entryOf(row, ours) as Entry).ratio.median),
      bare === undefined ? "" : `${short(bare)}${missesAlone(bare, row) ? " (alone)" : ""}`,
      guaranteed === undefined ? "" : short(guaranteed),
      shares === undefined ? "" : sharesText(shares),
      [finding?.causes.join(", "), finding?.text].filter(Boolean).join(". "),
    ];
  });
  const named = new Set(found.flatMap((finding) => finding?.causes ?? []));
  const explained = [...named].map((name) => `- **${name}**: ${causes[name]}`).join("\n");
  return `## Node ${majorOf(table)}: what misses its target, and why

raw-als is the same work by hand in a bare \`als.run\`, with nothing of ours; "alone" marks where that, by itself, misses the
target. raw-scope is written by hand with the same guarantees. The profile is of our process, in shares of its time.

${markdownTable([["workload", "target", ours, "raw-als", "raw-scope", "profile", "why"], ...rows])}

${explained}`;
}

/** Below 1 a target asks for less than \`raw\` does: then it is no context that is missing. */
function missesAlone(bare: number, { target = Infinity }: Row): boolean {
  return target >= 1 && bare > target;
}

function growth(tables: readonly Table[]): string[] {
  const shown = tables.filter((table) => table.growth.length > 0);
  if (shown.length === 0) return [];
  const sections = shown.map((table) => {
    const rows = table.growth.flatMap(({ items, lines }) =>
      lines.map(({ contender, points }) => [
        items,
        contender,
        ...points.map(({ nsPerItem }) => nsPerItem.toFixed(0)),
        short((points.at(-1)?.nsPerItem ?? NaN) / (points[0]?.nsPerItem ?? NaN)),
      ]),
    );
    const numbers = table.growth[0]?.lines[0]?.points.map(({ size }) => size.toLocaleString("en-US")) ?? [];
    return `![Cost of one item by their number on Node ${majorOf(table)}](benchmarks/growth${majorOf(table)}.svg)

Node ${majorOf(table)}, nanoseconds for each, ${processes(table.growth[0]?.processes ?? NaN)} for each point:

${markdownTable([["", "contender", ...numbers, "last to first"], ...rows])}`;
  });
  return [
    `## Growth

What one item costs, from a thousand of them to a million: the time the thread was busy, divided by their number. What grows
with \`raw\` too is the garbage collector, which walks what is alive: a million tasks are alive at once. (Bare
async functions cannot be nested so deep: the stack ends after some thousand.)

${sections.join("\n\n")}`,
  ];
}

function allocation(tables: readonly Table[]): string[] {
  const shown = tables.filter((table) => table.allocation.length > 0);
  if (shown.length === 0) return [];
  const sections = shown.map((table) => {
    const names = Object.keys(table.allocation[0]?.bytes ?? {});
    const rows = table.allocation.map(({ operation, bytes }) => [
      operation,
      ...names.map((name) => bytes[name]?.toFixed(0) ?? ""),
    ]);
    return `Node ${majorOf(table)}:\n\n${markdownTable([["bytes per operation", ...names], ...rows])}`;
  });
  return [
    `## Allocation

Bytes that one operation allocates, garbage included: what the heap grew by with a young generation so large that nothing
was collected meanwhile. An \`await\` alone is a quarter of a kilobyte.

${sections.join("\n\n")}`,
  ];
}

const size = `## Size

How many bytes each package, and a time limit alone, are in a bundle: [size.md](size.md).`;

const pools = `## Worker pools

\`@espalier/to-thread\` beside two bare workers, piscina and tinypool has a run and a page of its own: [bench/pools.md](../bench/pools.md).`;

function details(table: Table): string {
  const names = [...new Set(table.rows.flatMap((row) => row.entries.map(({ contender }) => contender)))];
  const [first, ...others] = names as [string, ...string[]];
  const header = ["workload", first, "noise", ...others, "target"];
  const rows = table.rows.map((row) => [
    row.text,
    figure(row, first),
    ratio(row.noise),
    ...others.map((name) => {
      const entry = entryOf(row, name);
      return entry === undefined ? "" : ratio(entry.ratio);
    }),
    row.target === undefined ? "" : String(row.target),
  ]);
  const beside = table.rows.filter((row) =>
    row.entries.some((entry) => Object.keys(entry.beside).length > 0),
  );
  return [
    `## Node ${majorOf(table)} in full`,
    `Node ${table.node}, V8 ${table.v8}, ${table.machine}; ${table.date}; ${processes(table.repeats)} for each cell${exceptions(table)}, load ` +
      `${table.load[0].toFixed(1)} before and ${table.load[1].toFixed(1)} after. Medians of ratios, with the lowest and the highest ` +
      `in brackets.`,
    `![Ratios to raw on Node ${majorOf(table)}](benchmarks/node${majorOf(table)}.svg)`,
    markdownTable([header, ...rows]),
    ...beside.map(besideTable),
  ].join("\n\n");
}

function processes(count: number): string {
  return count === 1 ? "one process" : `${count} processes`;
}

/** The rows that were measured more or less often. */
function exceptions({ rows, repeats }: Table): string {
  const counts = rows.map(({ text, entries }) => ({ text, count: entries[0]?.values.length ?? 0 }));
  const others = counts.filter(({ count }) => count > 0 && count !== repeats);
  return others.map(({ text, count }) => `, ${count} for "${text}"`).join("");
}

function besideTable(row: Row): string {
  const names = Object.keys(row.entries[0]?.beside ?? {});
  const cells = row.entries.map((entry: Entry) => [
    entry.contender,
    ...names.map((name) => (entry.beside[name] ?? NaN).toFixed(name.endsWith("count") ? 0 : 2)),
  ]);
  return `Beside "${row.text}", in milliseconds:\n\n${markdownTable([["contender", ...names], ...cells])}`;
}

function entryOf(row: Row, contender: string): Entry | undefined {
  return row.entries.find((entry) => entry.contender === contender);
}

function figure(row: Row, contender: string): string {
  const value = entryOf(row, contender)?.median ?? NaN;
  return row.unit === "ms" ? `${value.toFixed(value < 10 ? 1 : 0)} ms` : `${value.toFixed(0)} bytes`;
}

function ratio({ median, low, high }: { median: number; low: number; high: number }): string {
  return `${short(median)} (${short(low)}-${short(high)})`;
}

function short(value: number): string {
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
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

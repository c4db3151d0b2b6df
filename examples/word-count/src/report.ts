import { relative } from "node:path";
import type { LeftOut, Tally } from "./tally.ts";

const headings = ["kind", "files", "lines", "words"] as const;

/** What there is to tell about a count, finished or not, as text for a terminal. */
export function report(folder: string, tally: Tally, interrupted: boolean): string {
  const lines = table(tally);
  if (tally.leftOut.length > 0)
    lines.push("", "Left out:", ...tally.leftOut.map((some) => leftOutLine(folder, some)));
  if (interrupted) lines.push("", `Interrupted: ${tally.done} of the ${tally.found} files found by then.`);
  return lines.map((line) => `${line}\n`).join("");
}

function table(tally: Tally): string[] {
  const { files, lines, words } = tally.total;
  const rows = [
    headings,
    ...tally.kinds.map((sum) => [printable(sum.kind), count(sum.files), count(sum.lines), count(sum.words)]),
    ["total", count(files), count(lines), count(words)],
  ];
  const widths = headings.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join("  "),
  );
}

function leftOutLine(folder: string, { why, files, examples }: LeftOut): string {
  const names = examples.map((path) => printable(relative(folder, path) || "."));
  if (files > examples.length) names.push("...");
  return `  ${why} (${count(files)}): ${names.join(", ")}`;
}

function count(number: number): string {
  return number.toLocaleString("en");
}

/** A file's name may hold anything; a terminal would take it for orders. */
function printable(name: string): string {
  return name.replaceAll(/\p{Cc}/gu, "?");
}

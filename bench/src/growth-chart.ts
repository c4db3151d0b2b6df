import { majorOf, type Table } from "./table.ts";

const left = 60;
const top = 20;
const plotWidth = 520;
const plotHeight = 300;

/** Lines of the cost per item over the number of items, both logarithmic; dashed what `raw` costs. */
export function drawGrowth(table: Table): string {
  const points = table.growth.flatMap(({ lines }) => lines.flatMap((line) => line.points));
  const lowest = 10 ** Math.floor(Math.log10(Math.min(...points.map(({ nsPerItem }) => nsPerItem))));
  const highest = 10 ** Math.ceil(Math.log10(Math.max(...points.map(({ nsPerItem }) => nsPerItem))));
  const fewest = Math.min(...points.map(({ size }) => size));
  const most = Math.max(...points.map(({ size }) => size));
  const x = (size: number): string => (left + plotWidth * share(size, fewest, most)).toFixed(1);
  const y = (ns: number): string => (top + plotHeight * (1 - share(ns, lowest, highest))).toFixed(1);

  const parts: string[] = [];
  for (let ns = lowest; ns <= highest; ns *= 10) {
    parts.push(`<line class="grid" x1="${left}" x2="${left + plotWidth}" y1="${y(ns)}" y2="${y(ns)}"/>`);
    parts.push(`<text class="end" x="${left - 6}" y="${y(ns)}" dy="4">${text(ns)}</text>`);
  }
  for (let size = fewest; size <= most; size *= 10)
    parts.push(
      `<text class="middle" x="${x(size)}" y="${top + plotHeight + 18}">${size.toLocaleString("en-US")}</text>`,
    );
  table.growth.forEach(({ items, lines }, i) => {
    for (const { contender, points: each } of lines) {
      const path = each.map(({ size, nsPerItem }) => `${x(size)},${y(nsPerItem)}`).join(" ");
      parts.push(`<polyline class="s${i} ${contender}" points="${path}"/>`);
      if (contender !== "raw") {
        for (const { size, nsPerItem } of each)
          parts.push(`<circle class="f${i}" cx="${x(size)}" cy="${y(nsPerItem)}" r="3"/>`);
      }
    }
    const legend = top + plotHeight + 44 + i * 18;
    parts.push(`<rect class="f${i}" x="${left}" y="${legend - 9}" width="10" height="10"/>`);
    parts.push(`<text x="${left + 16}" y="${legend}">${items}</text>`);
  });
  const width = left + plotWidth + 40;
  const height = top + plotHeight + 44 + table.growth.length * 18 + 14;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" font-family="sans-serif" font-size="12">
<style>
  svg { background: #fff; } .grid { stroke: #e4e4e4; } .end { text-anchor: end; fill: #777; } .middle { text-anchor: middle; fill: #777; }
  polyline { fill: none; stroke-width: 2; } .raw { stroke-dasharray: 4 4; stroke-width: 1.5; opacity: 0.7; }
  .s0 { stroke: #2f7d4f; } .s1 { stroke: #2f6fb0; } .s2 { stroke: #d9a441; } .s3 { stroke: #a05195; }
  .f0 { fill: #2f7d4f; } .f1 { fill: #2f6fb0; } .f2 { fill: #d9a441; } .f3 { fill: #a05195; }
</style>
${parts.join("\n")}
<text class="end" x="${left + plotWidth}" y="${height - 8}">cost of one item by their number on Node ${majorOf(table)}, both logarithmic; dashed: raw</text>
</svg>
`;
}

function share(value: number, from: number, to: number): number {
  return Math.log10(value / from) / Math.log10(to / from);
}

function text(ns: number): string {
  return ns < 1_000 ? `${ns} ns` : `${ns / 1_000} µs`;
}

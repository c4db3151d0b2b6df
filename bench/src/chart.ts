import { majorOf, type Table } from "./table.ts";

const labelWidth = 150;
const plotWidth = 620;
const barHeight = 9;
const gap = 14;
const top = 56;

/** Bars of the ratios to the baseline, on a logarithmic scale; a line marks the baseline, a tick the target. */
export function drawChart(table: Table): string {
  const names = [
    ...new Set(table.rows.flatMap((row) => row.entries.map(({ contender }) => contender))),
  ].slice(1);
  const ratios = table.rows.flatMap((row) => [
    ...row.entries.map((entry) => entry.ratio.median),
    ...(row.target === undefined ? [] : [row.target]),
  ]);
  const low = 10 ** Math.floor(Math.log10(Math.min(1, ...ratios)));
  const high = 10 ** Math.ceil(Math.log10(Math.max(1, ...ratios)));
  const x = (ratio: number): number =>
    labelWidth + (plotWidth * Math.log10(ratio / low)) / Math.log10(high / low);

  const groupHeight = names.length * barHeight + gap;
  const bottom = top + table.rows.length * groupHeight;
  const parts: string[] = [];
  for (let decade = low; decade <= high; decade *= 10) {
    for (const factor of decade === high ? [1] : [1, 2, 5]) {
      const at = x(decade * factor).toFixed(1);
      const kind = decade * factor === 1 ? "base" : "grid";
      parts.push(`<line class="${kind}" x1="${at}" x2="${at}" y1="${top - 6}" y2="${bottom}"/>`);
      parts.push(
        `<text class="axis" x="${at}" y="${top - 12}">${Number((decade * factor).toPrecision(1))}</text>`,
      );
    }
  }
  names.forEach((name, i) => {
    parts.push(`<rect class="c${i}" x="${labelWidth + i * 88}" y="14" width="10" height="10"/>`);
    parts.push(`<text x="${labelWidth + i * 88 + 15}" y="23">${name}</text>`);
  });
  table.rows.forEach((row, r) => {
    const y = top + r * groupHeight;
    parts.push(`<text class="row" x="${labelWidth - 8}" y="${y + groupHeight / 2}">${row.workload}</text>`);
    names.forEach((name, i) => {
      const entry = row.entries.find(({ contender }) => contender === name);
      if (entry === undefined) return;
      const from = Math.min(x(1), x(entry.ratio.median));
      const width = Math.max(1, Math.abs(x(entry.ratio.median) - x(1)));
      parts.push(
        `<rect class="c${i}" x="${from.toFixed(1)}" y="${y + i * barHeight}" width="${width.toFixed(1)}" height="${barHeight - 2}"/>`,
      );
    });
    if (row.target !== undefined) {
      const at = x(row.target).toFixed(1);
      parts.push(
        `<line class="target" x1="${at}" x2="${at}" y1="${y - 3}" y2="${y + names.length * barHeight + 1}"/>`,
      );
    }
  });
  const width = labelWidth + plotWidth + 30;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${bottom + 24}" width="${width}" font-family="sans-serif" font-size="12">
<style>
  svg { background: #fff; } .grid { stroke: #e4e4e4; } .base { stroke: #555; } .target { stroke: #c22; stroke-width: 2; }
  .axis { text-anchor: middle; fill: #777; font-size: 10px; } .row { text-anchor: end; }
  .c0 { fill: #b9c7d6; } .c1 { fill: #6f8fb0; } .c2 { fill: #2f7d4f; } .c3 { fill: #d9a441; } .c4 { fill: #a05195; } .c5 { fill: #888; } .c6 { fill: #4aa3a2; } .c7 { fill: #b5651d; }
</style>
${parts.join("\n")}
<text class="axis" style="text-anchor: start" x="${labelWidth}" y="${bottom + 16}">ratio to raw on Node ${majorOf(table)}, logarithmic; to the left is faster; red: target</text>
</svg>
`;
}

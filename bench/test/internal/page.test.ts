import { describe, expect, it } from "vitest";
import { drawChart } from "../../src/chart.ts";
import { writePage } from "../../src/page.ts";
import type { Entry, Table } from "../../src/table.ts";

function entry(contender: string, ratio: number): Entry {
  return {
    contender,
    values: [ratio],
    median: ratio * 40,
    ratio: { median: ratio, low: ratio, high: ratio },
    beside: {},
  };
}

const table: Table = {
  node: "v20.19.0",
  v8: "11.3",
  machine: "2 x a processor, linux x64",
  date: "2026-01-01",
  repeats: 5,
  load: [0.1, 0.9],
  rows: [
    {
      workload: "spawn",
      text: "start 100 children",
      size: 100,
      unit: "ms",
      target: 7.5,
      noise: { median: 1.01, low: 0.9, high: 1.1 },
      entries: [entry("raw", 1), entry("espalier", 12)],
    },
    {
      workload: "parked-heap",
      text: "heap per parked task",
      size: 100,
      unit: "bytes per task",
      noise: { median: 1, low: 1, high: 1 },
      entries: [entry("raw", 1), entry("raw-als", 0.5)],
    },
  ],
};

describe("writePage", () => {
  const page = writePage([table], () => "benchmarks/node20.svg");

  it("has a line for each row, padded, with a gap where a contender left it out", () => {
    const lines = page.split("\n").filter((line) => line.startsWith("| start") || line.startsWith("| heap"));
    expect(lines).toEqual([
      "| start 100 children   | 40 ms    | 1.01 (0.90-1.10) | 12 (12-12) |                  | 7.5    |",
      "| heap per parked task | 40 bytes | 1.00 (1.00-1.00) |            | 0.50 (0.50-0.50) |        |",
    ]);
  });

  it("says on what it was measured", () => {
    expect(page).toContain("Node v20.19.0, V8 11.3, 2 x a processor, linux x64; 2026-01-01");
  });
});

describe("drawChart", () => {
  it("draws a bar for each ratio and a tick for each target", () => {
    const chart = drawChart(table);
    expect(chart.match(/<rect /g)).toHaveLength(2 + 2); // the legend, and the bars
    expect(chart.match(/class="target"/g)).toHaveLength(1);
    expect(chart).not.toContain("NaN");
  });
});

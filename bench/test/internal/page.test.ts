import { describe, expect, it } from "vitest";
import { drawChart } from "../../src/chart.ts";
import { drawGrowth } from "../../src/growth-chart.ts";
import { writePage } from "../../src/page.ts";
import { type CpuProfile, sharesOf } from "../../src/profile.ts";
import type { Entry, Row, Table } from "../../src/table.ts";

function entry(contender: string, ratio: number): Entry {
  return {
    contender,
    values: [ratio],
    median: ratio * 40,
    ratio: { median: ratio, low: ratio, high: ratio },
    beside: {},
  };
}

function point(size: number, nsPerItem: number): { size: number; nsPerItem: number } {
  return { size, nsPerItem };
}

const table: Table = {
  node: "v20.19.0",
  v8: "11.3",
  machine: "2 x a processor, linux x64",
  date: "2026-01-01",
  repeats: 5,
  peers: { "a-peer": "4.0.1" },
  load: [0.1, 0.9],
  growth: [
    {
      workload: "spawn",
      items: "tasks in one nursery",
      processes: 3,
      lines: [
        { contender: "raw", points: [point(1_000, 100), point(1_000_000, 200)] },
        { contender: "espalier", points: [point(1_000, 1_000), point(1_000_000, 1_500)] },
      ],
    },
  ],
  allocation: [{ operation: "checkpoint", bytes: { raw: 248, espalier: 222.6 } }],
  profiles: [{ workload: "spawn", shares: { Espalier: 0.604, "Node and V8": 0.3, "the job itself": 0.005 } }],
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
      entries: [entry("raw", 1), entry("raw-als", 0.5), { ...entry("effection", 300), size: 10 }],
    },
  ],
};

describe("writePage", () => {
  const page = writePage([table]);
  const linesWith = (text: string): string[] => page.split("\n").filter((line) => line.includes(text));

  it("has a line for each row, padded, with a gap where a contender left it out", () => {
    const lines = linesWith("| heap per parked task ").concat(linesWith("| start 100 children "));
    expect(lines.map((line) => line.replace(/ +/g, " "))).toEqual([
      "| heap per parked task | | | 0.50 | | | 300\\* | | | 1.00-1.00 |",
      "| heap per parked task | 40 bytes | 1.00 (1.00-1.00) | | 0.50 (0.50-0.50) | 300 (300-300) | |",
      "| start 100 children | 7.5 | **12.0** | | | | | | | 0.90-1.10 |",
      expect.stringContaining("| start 100 children | 7.5 | 12.0 | | | Espalier 60 %"),
      "| start 100 children | 40 ms | 1.01 (0.90-1.10) | 12.0 (12.0-12.0) | | | 7.5 |",
    ]);
    expect(lines[0]).toHaveLength(lines[2]?.length as number);
  });

  /** The row of what missed its target, with such a ratio of raw-als. */
  function missedRow(target: number, bare: number): string {
    const [row] = table.rows as [Row];
    const withContext = { ...row, target, entries: [...row.entries, entry("raw-als", bare)] };
    const text = writePage([{ ...table, rows: [withContext] }]);
    return (text.split("\n").find((line) => line.includes("all alive at once")) ?? "").replace(/ +/g, " ");
  }

  it("names what missed its target, by how much, and why", () => {
    expect(missedRow(7.5, 3)).toMatch(/^\| start 100 children \| 7\.5 \| 12\.0 \| 3\.00 \| \| .* hooks \|$/);
    expect(page).toContain("- **hooks**: On Node 20 ");
    expect(page).not.toContain("- **context frames**");
  });

  it("says whether a bare context alone misses the target, unless not even raw reaches it", () => {
    expect(missedRow(7.5, 8)).toContain("| 8.00 (alone) |");
    expect(missedRow(0.5, 8)).toContain("| 8.00 |");
  });

  it("says where the time of a row goes that missed its target", () => {
    expect(page).toContain("| Espalier 60 %, Node and V8 30 % |");
  });

  it("says which part of a row was done by whom who did not do all", () => {
    expect(page).toContain('effection with 10 in "heap per parked task"');
  });

  it("says on what it was measured, and which peers", () => {
    expect(page).toContain("Node v20.19.0, V8 11.3, 2 x a processor, linux x64; 2026-01-01");
    expect(page).toContain("a-peer 4.0.1");
  });

  it("tells how cost grows, and what is allocated", () => {
    expect(page).toMatch(/\| tasks in one nursery +\| espalier +\| 1000 +\| 1500 +\| 1.50 +\|/);
    expect(page).toMatch(/\| checkpoint +\| 248 +\| 223 +\|/);
  });
});

describe("sharesOf", () => {
  it("adds up the time by whose it is, without the idle time", () => {
    const frame = (id: number, functionName: string, url: string): CpuProfile["nodes"][number] => ({
      id,
      callFrame: { functionName, url },
    });
    const shares = sharesOf({
      nodes: [
        frame(1, "(idle)", ""),
        frame(2, "(garbage collector)", ""),
        frame(3, "run", "file:///there/packages/core/dist/index.js"),
        frame(4, "child", "file:///there/bench/dist/espalier-1.js"),
        frame(5, "promiseInitHook", "node:internal/async_hooks"),
        frame(6, "now", ""),
      ],
      samples: [1, 2, 3, 4, 5, 6, 3],
      timeDeltas: [500, 20, 30, 10, 15, 5, 20],
    });
    expect(shares).toEqual({
      Espalier: 0.5,
      "garbage collection": 0.2,
      AsyncLocalStorage: 0.15,
      "the job itself": 0.1,
      "Node and V8": 0.05,
    });
  });
});

describe("drawGrowth", () => {
  it("draws a line for each contender, and a dot for each of our figures", () => {
    const chart = drawGrowth(table);
    expect(chart.match(/<polyline /g)).toHaveLength(2);
    expect(chart.match(/<circle /g)).toHaveLength(2);
    expect(chart).not.toContain("NaN");
  });
});

describe("drawChart", () => {
  it("draws a bar for each ratio and a tick for each target", () => {
    const chart = drawChart(table);
    expect(chart.match(/<rect /g)).toHaveLength(3 + 3); // the legend, and the bars
    expect(chart.match(/class="target"/g)).toHaveLength(1);
    expect(chart).not.toContain("NaN");
  });
});

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { effectSide } from "./comparison/effect.ts";
import { effectionSide } from "./comparison/effection.ts";
import { espalier } from "./comparison/espalier.ts";
import { promises } from "./comparison/promises.ts";
import type { Observations, Row } from "./comparison/rows.ts";

const sides: Record<string, Observations> = {
  Espalier: espalier,
  "Effection 4": effectionSide,
  "Effect 4": effectSide,
  "promises, AbortController": promises,
};

/** The lines of the page's first table. */
const table = readFileSync(new URL("../comparison.md", import.meta.url), "utf8")
  .split('<div class="comparison">')[1]!
  .split("</div>")[0]!
  .split("\n")
  .filter((line) => line.startsWith("|"));

/** Its cells, by row and column. A link counts as its text. */
function cellsOfThePage(): Map<string, Map<string, string>> {
  const split = (line: string): string[] =>
    line
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.trim().replace(/\[([^\]]*)\]\([^)]*\)/g, "$1"));
  const [, ...columns] = split(table[0] ?? "");
  const rows = new Map<string, Map<string, string>>();
  for (const line of table.slice(2)) {
    const [row = "", ...cells] = split(line);
    rows.set(row, new Map(columns.map((column, index) => [column, cells[index] ?? ""])));
  }
  return rows;
}

const page = cellsOfThePage();

describe.each(Object.entries(sides))("the comparison page on %s", (column, side) => {
  it.each(Object.keys(side) as Row[])("%s", async (row) => {
    expect(page.get(row)?.get(column)).toBe(await side[row]());
  });
});

describe("the comparison page", () => {
  it("has a check for each row, and a source for each cell on Trio and AnyIO", () => {
    expect([...page.keys()].sort()).toEqual(Object.keys(espalier).sort());
    for (const line of table.slice(2)) {
      const cells = line.slice(1, -1).split("|");
      for (const cell of cells.slice(2, 4)) expect(cell).toMatch(/\]\(https:\/\//);
    }
  });
});

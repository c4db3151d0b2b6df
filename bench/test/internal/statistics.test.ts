import { describe, expect, it } from "vitest";
import { median, pairedRatio } from "../../src/statistics.ts";

describe("median", () => {
  it("is the value in the middle, or the mean of the two", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([10, 9, 100, 1])).toBe(9.5);
  });
});

describe("pairedRatio", () => {
  it("compares neighbours, so that a slow minute of the machine does not count", () => {
    expect(pairedRatio([20, 200, 22], [10, 100, 10])).toEqual({ median: 2, low: 2, high: 2.2 });
  });

  it("refuses series that are no pairs", () => {
    expect(() => pairedRatio([1, 2], [1])).toThrow(/one length/);
  });
});

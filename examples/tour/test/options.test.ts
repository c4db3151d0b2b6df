import { describe, expect, it } from "vitest";
import { parseOptions, UsageError } from "../src/options.ts";
import { numberOf } from "../src/stop.ts";
import { stops } from "../src/stops/index.ts";

describe("parseOptions", () => {
  it("takes all stops when none is chosen", () => {
    expect(parseOptions([], stops)).toEqual({ stops, list: false, help: false });
  });

  it("takes those that are chosen, in that order", () => {
    expect(parseOptions(["3", "1"], stops).stops.map(numberOf)).toEqual([3, 1]);
  });

  it.each([["99"], ["one"], ["--no-such-flag"], ["0"]])("refuses %s", (arg) => {
    expect(() => parseOptions([arg], stops)).toThrow(UsageError);
  });
});

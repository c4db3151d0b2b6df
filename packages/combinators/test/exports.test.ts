import * as door from "@espalier/combinators";
import { expect, it } from "vitest";

it("exports these names and no others", () => {
  expect(Object.keys(door).sort()).toEqual([
    "all",
    "allSettled",
    "any",
    "every",
    "exponentialDelay",
    "mapConcurrent",
    "race",
    "retry",
  ]);
});

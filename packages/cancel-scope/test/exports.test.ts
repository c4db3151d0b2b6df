import * as door from "@espalier/cancel-scope";
import { expect, it } from "vitest";

it("exports these names and no others", () => {
  expect(Object.keys(door).sort()).toEqual([
    "CancelScope",
    "TooSlowError",
    "abandonOnCancel",
    "currentSignal",
    "failAfter",
    "failAt",
    "moveOnAfter",
    "moveOnAt",
    "shielded",
    "withSignal",
  ]);
});

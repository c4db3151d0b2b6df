import { expect, it } from "vitest";

import * as door from "@espalier/process";

it("exports these names and no others", () => {
  expect(Object.keys(door).sort()).toEqual([
    "CalledProcessError",
    "ProcessStartError",
    "openProcess",
    "runProcess",
  ]);
});

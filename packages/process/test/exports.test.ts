import * as door from "@espalier/process";
import { expect, it } from "vitest";

it("exports these names and no others", () => {
  expect(Object.keys(door).sort()).toEqual(["placeholder"]);
});

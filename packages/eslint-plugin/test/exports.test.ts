import * as door from "@espalier/eslint-plugin";
import { expect, it } from "vitest";

it("exports the plugin as the default, and no other name", () => {
  expect(Object.keys(door)).toEqual(["default"]);
});

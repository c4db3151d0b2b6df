import * as door from "@espalier/{{name}}";
import { expect, it } from "vitest";

it("exports these names and no others", () => {
  expect(Object.keys(door).sort()).toEqual(["placeholder"]);
});

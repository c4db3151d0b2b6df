import * as door from "@espalier/nursery";
import { expect, it } from "vitest";

it("exports these names and no others", () => {
  expect(Object.keys(door).sort()).toEqual([
    "NurseryError",
    "TaskCancelledError",
    "TaskFailedError",
    "flattenErrors",
    "openNursery",
    "splitError",
    "unwrapSingle",
  ]);
});

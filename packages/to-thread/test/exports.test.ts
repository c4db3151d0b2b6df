import * as door from "@espalier/to-thread";
import * as worker from "@espalier/to-thread/worker";
import { expect, it } from "vitest";

it("exports these names and no others", () => {
  expect(Object.keys(door).sort()).toEqual([
    "NotCloneableError",
    "ThreadDiedError",
    "ThreadModuleError",
    "carryStore",
    "threadLimiter",
    "threadModule",
    "toThread",
  ]);
  expect(Object.keys(worker).sort()).toEqual(["checkCancelled", "isMainThread", "transfer"]);
});

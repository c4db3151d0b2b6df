import * as door from "@espalier/sync";
import { expect, it } from "vitest";

it("exports these names and no others", () => {
  expect(Object.keys(door).sort()).toEqual([
    "Barrier",
    "CapacityLimiter",
    "Condition",
    "Event",
    "Lock",
    "RwLock",
    "Semaphore",
  ]);
});

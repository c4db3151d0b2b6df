import * as door from "@espalier/testing";
import { expect, it } from "vitest";

it("exports these names and no others", () => {
  expect(Object.keys(door).sort()).toEqual([
    "AssertionError",
    "ConformanceError",
    "FailedScheduleError",
    "MockClock",
    "Sequencer",
    "UncleanCancellationError",
    "assertCheckpoints",
    "assertNoCheckpoints",
    "cancelEverywhere",
    "checkChannel",
    "checkHalfCloseableStream",
    "checkOneWayStream",
    "checkTwoWayStream",
    "exploreSchedules",
    "lockstepStreamPair",
    "memoryStreamPair",
    "runVirtual",
    "waitAllTasksBlocked",
  ]);
});

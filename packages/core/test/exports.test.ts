import * as main from "@espalier/core";
import * as lowlevel from "@espalier/core/lowlevel";
import * as testing from "@espalier/core/testing";
import { describe, expect, it } from "vitest";

const doors = { ".": main, "./lowlevel": lowlevel, "./testing": testing };

/** What leaves by each door at run time. A change here is a change of the API. */
const exported = {
  ".": [
    "BrokenResourceError",
    "BusyResourceError",
    "Cancelled",
    "ClosedResourceError",
    "DeadlockError",
    "EndOfChannel",
    "InternalError",
    "MisuseError",
    "WouldBlock",
    "checkpoint",
    "checkpointIfCancelled",
    "currentEffectiveDeadline",
    "currentTask",
    "currentTime",
    "detached",
    "formatTaskTree",
    "isCancelled",
    "rethrowIfCancelled",
    "run",
    "sleep",
    "sleepForever",
    "sleepUntil",
    "taskTree",
  ],
  "./lowlevel": [
    "BrandedAggregateError",
    "BrandedError",
    "CancelStatus",
    "Parked",
    "ParkingLot",
    "Task",
    "Waiter",
    "abort",
    "ambient",
    "captureOutcome",
    "checkBody",
    "checkBoolean",
    "checkDuration",
    "checkOptions",
    "checkRunOptions",
    "checkTime",
    "currentStatus",
    "enter",
    "errorMessage",
    "errorText",
    "errorsText",
    "hasBrand",
    "isInstance",
    "isThenable",
    "limitStacks",
    "liveSignalOf",
    "makeCancelled",
    "park",
    "parkAbroad",
    "parkShielded",
    "pass",
    "quietly",
    "reasonOf",
    "refusal",
    "runIn",
    "setDeadline",
    "shieldedCheckpoint",
    "signalOf",
    "spawnSiteOf",
    "spawnSystemTask",
    "unwind",
    "unwrapOutcome",
    "whenCancelled",
    "withCancelSite",
  ],
  "./testing": [
    "BudgetedScheduler",
    "Deadline",
    "Deadlines",
    "MockClock",
    "SeededScheduler",
    "attachProbe",
    "macrotask",
    "randomFrom",
    "runWith",
    "waitAllTasksBlocked",
  ],
} as const;

describe.each(Object.keys(exported) as (keyof typeof exported)[])('the door "%s"', (door) => {
  it("exports these names and no others", () => {
    expect(Object.keys(doors[door]).sort()).toEqual([...exported[door]].sort());
  });
});

it("each name leaves by exactly one door", () => {
  const names = Object.values(exported).flatMap((each): readonly string[] => each);
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
});

export { MockClock, type MockClockOptions, waitAllTasksBlocked } from "@espalier/core/testing";
export { assertCheckpoints, assertNoCheckpoints } from "./assert-checkpoints.ts";
export { AssertionError } from "./assertion-error.ts";
export {
  cancelEverywhere,
  type CancelEverywhereOptions,
  type CancelEverywhereReport,
} from "./cancel-everywhere.ts";
export { UncleanCancellationError } from "./cancellation/unclean-cancellation-error.ts";
export { exploreSchedules, type ExploreSchedulesOptions } from "./explore-schedules.ts";
export { FailedScheduleError } from "./failed-schedule-error.ts";
export { runVirtual, type RunVirtualOptions } from "./run-virtual.ts";
export { Sequencer } from "./sequencer.ts";
export { checkChannel } from "./check-channel.ts";
export type {
  OpenChannel,
  ReceiveChannelUnderTest,
  SendChannelUnderTest,
} from "./channel-rules/channel-under-test.ts";
export { ConformanceError } from "./conformance-error.ts";
export { checkHalfCloseableStream, checkOneWayStream, checkTwoWayStream } from "./check-streams.ts";
export { lockstepStreamPair, memoryStreamPair } from "./memory-stream-pair.ts";
export type { MakePair } from "./stream-rules/stream-under-test.ts";

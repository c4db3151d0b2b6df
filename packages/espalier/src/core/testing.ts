// Written by scripts/umbrella.mjs (npm run api).

export {
  BudgetedScheduler,
  Deadline,
  Deadlines,
  MockClock,
  type MockClockOptions,
  type Probe,
  type Resumption,
  type RunWithOptions,
  type Scheduler,
  SeededScheduler,
  attachProbe,
  macrotask,
  randomFrom,
  runWith,
  waitAllTasksBlocked,
} from "@espalier/core/testing";

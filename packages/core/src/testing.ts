export { Deadline, Deadlines } from "./deadlines.ts";
export { macrotask } from "./macrotask.ts";
export { MockClock, type MockClockOptions } from "./mock-clock.ts";
export { attachProbe, type Probe } from "./probe.ts";
export { runWith, type RunWithOptions } from "./run-with.ts";
export { BudgetedScheduler, type Resumption, type Scheduler } from "./scheduler.ts";
export { randomFrom, SeededScheduler } from "./seeded-scheduler.ts";
export { waitAllTasksBlocked } from "./wait-all-tasks-blocked.ts";

export type { CancelReason, CancelSource } from "./cancel-reason.ts";
export { checkpoint, checkpointIfCancelled } from "./checkpoint.ts";
export type { BlockedRequest, Clock, ClockHost } from "./clock.ts";
export { currentTask } from "./current-task.ts";
export { detached } from "./detached.ts";
export {
  BrokenResourceError,
  BusyResourceError,
  Cancelled,
  ClosedResourceError,
  DeadlockError,
  EndOfChannel,
  InternalError,
  MisuseError,
  WouldBlock,
} from "./errors.ts";
export { run, type RunOptions } from "./run.ts";
export { currentEffectiveDeadline } from "./scope-deadline.ts";
export { currentTime, sleep, sleepForever, sleepUntil } from "./sleep.ts";
export type { Task, TaskStatus } from "./task.ts";
export { formatTaskTree, taskTree, type TaskTreeNode } from "./task-tree.ts";
export { isCancelled, rethrowIfCancelled } from "./unwinding.ts";

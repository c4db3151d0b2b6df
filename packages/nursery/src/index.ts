export type { Task } from "./child-task.ts";
export { flattenErrors, splitError, unwrapSingle } from "./error-groups.ts";
export { type Nursery, type NurseryOptions, openNursery, type StartOptions } from "./nursery.ts";
export { NurseryError } from "./nursery-error.ts";
export { TaskCancelledError, TaskFailedError } from "./task-errors.ts";

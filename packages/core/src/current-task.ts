import { currentStatus } from "./runtime.ts";
import type { Task } from "./task.ts";

/** The task that runs this code; `undefined` outside every task. */
export function currentTask(): Task | undefined {
  return currentStatus().task;
}

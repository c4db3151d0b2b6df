import { CapacityLimiter } from "@espalier/sync";
import { availableParallelism } from "node:os";
import { sharedInThread } from "./shared-in-thread.ts";

/**
 * How many calls run in threads at the same time, where a call does not bring a limiter of its own: as many as the machine
 * has cores for this process. Assign `threadLimiter.totalTokens` to change it. After Trio's `current_default_thread_limiter`.
 */
export const threadLimiter: CapacityLimiter = sharedInThread(
  "limiter",
  () => new CapacityLimiter(availableParallelism()),
);

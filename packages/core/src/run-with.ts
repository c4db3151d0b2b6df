import { startRun, type RunInternals, type RunOptions } from "./run.ts";

/** Options of {@link runWith}. */
export interface RunWithOptions extends RunOptions, RunInternals {
  /** What error messages call the function that the user called. */
  readonly caller?: string;
}

/**
 * `run` for test tools: with another order of resumptions, and deadlocks told at a standstill instead of when the event
 * loop runs dry.
 *
 * @checkpoint never
 */
export async function runWith<T>(main: () => Promise<T> | T, options: RunWithOptions): Promise<T> {
  return startRun(main, options, options, options.caller ?? "runWith");
}

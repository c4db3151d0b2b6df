import { MisuseError } from "@espalier/core";
import { park, pass, refusal, type Wait } from "@espalier/core/lowlevel";
import { blocked } from "./inbox.ts";
import type { SelectCase } from "./select-case.ts";
import { type Selected, Selection } from "./selection.ts";

/** What `select` gives for a list of cases: which one happened, and its value; one member of a union for each case. */
export type SelectResult<C extends readonly SelectCase<unknown>[]> = {
  [I in keyof C]: {
    /** The place of the case in the list. */
    readonly index: I extends `${infer Index extends number}` ? Index : number;
    /** The item that was received; `undefined` for a send. */
    readonly value: C[I] extends SelectCase<infer T> ? T : never;
  };
}[number];

/**
 * Does exactly one of several sends and receives: the first listed of those that are possible at once; if none is, it waits
 * in all their queues until one becomes possible, and leaves the others. What has lost has not happened.
 *
 * A case whose channel is closed, broken or ended counts as possible, and raises its error. Two ends of one channel in one
 * select do not meet each other.
 *
 * Non-guarantee: among cases that stay ready the first listed wins each time, so a busy channel in front can starve the
 * others; put it last, or take turns in the order of the list.
 *
 * @checkpoint always
 * @cancellation None of the cases has happened.
 * @param cases - Made by `receiveCase` and `sendCase`; the same ones may be used again.
 * @throws {Cancelled} the current scope is, or becomes, cancelled.
 * @throws {ClosedResourceError | EndOfChannel | BrokenResourceError} what the case that won raises.
 * @throws {MisuseError} the list is empty, so that it would wait for ever.
 * @throws {TypeError} it is not a list of cases.
 * @example
 * ```ts
 * import { openMemoryChannel, receiveCase, select } from "@espalier/channel";
 *
 * const [sendJob, jobs] = openMemoryChannel<string>(8);
 * const [sendControl, control] = openMemoryChannel<"pause" | "stop">(1);
 * sendJob.sendNowait("sweep");
 * sendControl.sendNowait("stop");
 *
 * const chosen = await select([receiveCase(control), receiveCase(jobs)]);
 * if (chosen.index === 0) console.log("told to", chosen.value); // told to stop
 * else console.log("a job:", chosen.value);
 * ```
 */
export function select<const C extends readonly SelectCase<unknown>[]>(cases: C): Promise<SelectResult<C>> {
  try {
    checkCases(cases);
  } catch (error) {
    return Promise.reject(error as Error);
  }
  return (refusal() ?? chooseNow(cases) ?? chooseLater(cases)) as Promise<SelectResult<C>>;
}

/** The first case that is ready, if one is. */
function chooseNow(cases: readonly SelectCase<unknown>[]): Promise<Selected> | undefined {
  try {
    for (const [index, each] of cases.entries()) {
      const value = each.tryNow();
      if (value !== blocked) return pass({ index, value });
    }
  } catch (error) {
    return Promise.reject(error as Error);
  }
  return undefined;
}

/** Gets in line for all of them. */
function chooseLater(cases: readonly SelectCase<unknown>[]): Promise<Selected> {
  const operation = park<Selected>("channel.select", leaveAll);
  if (operation.pending) {
    const selection = new Selection(operation);
    operation.data = selection;
    for (const [index, each] of cases.entries()) each.waitIn(selection, index);
  }
  return operation.promise;
}

function leaveAll(operation: Wait): void {
  (operation.data as Selection).leave();
}

function checkCases(cases: unknown): void {
  if (!Array.isArray(cases))
    throw new TypeError(
      "select needs a list of cases: select([receiveCase(channel), sendCase(channel, item)]).",
    );
  if (cases.length === 0)
    throw new MisuseError(
      "select([]) would wait for ever; give it at least one case, or use sleepForever().",
    );
  for (const [index, each] of (cases as unknown[]).entries()) {
    if (isCase(each)) continue;
    throw new TypeError(
      `select: case ${index} is no case; make it with receiveCase(channel) or sendCase(channel, item).`,
    );
  }
}

function isCase(value: unknown): value is SelectCase<unknown> {
  const { tryNow, waitIn } = (value ?? {}) as Partial<SelectCase<unknown>>;
  return typeof tryNow === "function" && typeof waitIn === "function";
}

import { currentTask, type Task } from "@espalier/core";

/** Where in the program something happened. */
export interface Place {
  /** What the operation waits for, as `"channel.receive"`; unknown where it need not wait. */
  readonly label: string | undefined;
  /** The name of the task, if it is not the one that runs the whole program. */
  readonly task: string | undefined;
  /** The line of the program, out of the stack; unknown where no stack tells it. */
  readonly site: string | undefined;
  /** Whether it is part of a disposal, by `await using`. */
  readonly inDisposal: boolean;
}

/**
 * The place of the running code. Takes a stack, so it is not for every checkpoint.
 *
 * @param home - The task that runs the whole program, which need not be named.
 */
export function currentPlace(label: string | undefined, home: Task | undefined): Place {
  const task = currentTask();
  const frames = stackFrames();
  const site = frames.find((frame) => !/@espalier\/|\/packages\/[a-z-]+\/(src|dist)\/|node:/.test(frame));
  return {
    label,
    task: task === home ? undefined : task?.name,
    site: site?.replace(/^\s*at (async )?/, ""),
    inDisposal: frames.some((frame) => frame.includes("asyncDispose]")),
  };
}

/** `sleep, in the task "main", at main (file:///...)`: as much of it as is known. */
export function describePlace(place: Place): string {
  const parts = [
    place.label,
    place.task === undefined ? undefined : `in the task "${place.task}"`,
    place.site === undefined ? undefined : `at ${place.site}`,
  ];
  return parts.filter((part) => part !== undefined).join(", ");
}

function stackFrames(): string[] {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 50;
  const { stack } = new Error();
  Error.stackTraceLimit = limit;
  return (stack ?? "").split("\n").slice(1);
}

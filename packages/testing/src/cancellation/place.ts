import { currentTask, type Task } from "@espalier/core";
import { limitStacks } from "@espalier/core/lowlevel";

/** Where in the program something happened. */
export interface Place {
  /** What the operation waits for, as `"channel.receive"`; unknown where it need not wait. */
  readonly label: string | undefined;
  /** The name of the task, if it is not the one that runs the whole program. */
  readonly task: string | undefined;
  /** The line of the program, out of the stack; unknown where no stack tells it. */
  readonly site: string | undefined;
  /** Whether it is part of a disposal, by `await using`; true also where the stack cannot tell. */
  readonly inDisposal: boolean;
}

/** The name of the function in trial.ts that calls the program; what lies behind it in a stack is not the program's. */
const programEntrance = "enterProgram";

/**
 * The place of the running code. Takes a stack, so it is not for every checkpoint.
 *
 * @param home - The task that runs the whole program, which need not be named.
 */
export function currentPlace(label: string | undefined, home: Task | undefined): Place {
  const task = currentTask();
  const frames = innermost(stackFrames());
  const theirs = frames.filter((frame) => !/@espalier\/|\/packages\/[a-z-]+\/(src|dist)\/|node:/.test(frame));
  return {
    label,
    task: task === home ? undefined : task?.name,
    site: theirs[0]?.replace(/^\s*at (async )?/, ""),
    inDisposal: frames.some(isDisposal) || (!stacksNameDisposals && theirs.some(isNameless)),
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
  const limit = limitStacks(50);
  const { stack } = new Error();
  limitStacks(limit);
  return (stack ?? "").split("\n").slice(1);
}

/** The frames of the program, without those of the test that runs it. */
function innermost(frames: string[]): string[] {
  const entrance = frames.findIndex((frame) => frame.includes(programEntrance));
  return entrance === -1 ? frames : frames.slice(0, entrance);
}

function isDisposal(frame: string): boolean {
  return frame.includes("asyncDispose]");
}

/** `at <anonymous> (file:1:2)` or `at file:1:2`. */
function isNameless(frame: string): boolean {
  return frame.includes("<anonymous>") || !frame.includes("(");
}

/**
 * JavaScriptCore (Bun) has no name for an async method whose key is a symbol: any nameless frame could be a disposal
 * there.
 */
const stacksNameDisposals: boolean = (() => {
  let named = false;
  const sample = {
    async [Symbol.asyncDispose](): Promise<void> {
      named = stackFrames().some(isDisposal);
      await Promise.resolve(); // without an await in it, it is no different from a sync method there
    },
  };
  void sample[Symbol.asyncDispose]();
  return named;
})();

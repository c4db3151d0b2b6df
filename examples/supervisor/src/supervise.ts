import { rethrowIfCancelled, sleepForever } from "@espalier/core";
import { openNursery, type Task } from "@espalier/nursery";
import { Event } from "@espalier/sync";
import { keepRunning, type Policy, type Print } from "./keep-running.ts";
import type { Program } from "./procfile.ts";

/**
 * Keeps all programs running until it is cancelled. Then it stops them one after the other, the last one first: what was
 * started later may need what was started before.
 */
export async function supervise(programs: readonly Program[], policy: Policy, print: Print): Promise<void> {
  const stop = new Event();
  await openNursery(async (outer) => {
    // The programs do not see the cancellation from outside; they are told one by one.
    outer.startSoon(() =>
      openNursery(
        async (shielded) => {
          shielded.cancelScope.shield = true;
          const tasks = programs.map((program) =>
            shielded.startSoon(() => keepRunning(program, policy, print), { name: program.name }),
          );
          await stop.wait();
          for (const task of tasks.reverse()) await end(task, print);
        },
        { name: "programs" },
      ),
    );
    try {
      await sleepForever();
    } finally {
      stop.set();
    }
  });
}

async function end(task: Task, print: Print): Promise<void> {
  task.cancel("the supervisor stops");
  await task.join().catch(rethrowIfCancelled); // it was cancelled, and the join says so; we may be too
  print(task.name, "stopped");
}

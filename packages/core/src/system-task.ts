import { checkBody, checkOptions } from "./arguments.ts";
import { CancelStatus } from "./cancel-status.ts";
import { InternalError } from "./errors.ts";
import { currentStatus, type Runtime } from "./runtime.ts";
import { Task } from "./task.ts";

/*
 * System tasks: the background work of packages, not of users. They belong to the runtime and not to a nursery, see no
 * user's scope, are cancelled when the main task has ended, and must not fail: one that does is a bug, and ends the run.
 */

/** The system tasks of one runtime. */
export class SystemTasks {
  private readonly status: CancelStatus;
  private readonly live = new Set<Task>();
  private emptied: (() => void) | undefined = undefined;

  constructor(runtime: Runtime) {
    this.status = new CancelStatus("nursery", "system tasks", runtime, false).bind(runtime.root);
  }

  spawn(body: () => Promise<unknown>, name: string): Task {
    const task = new SystemTask(name, this.status, (ended) => {
      this.live.delete(ended);
      if (ended.state.kind === "failed") {
        const message = `The system task "${name}" failed. This is a bug in the package that started it; please report it.`;
        this.status.runtime.onSystemCrash(new InternalError(message, { cause: ended.state.error }));
      }
      if (this.live.size === 0) this.emptied?.();
    });
    this.live.add(task);
    task.startSoon(body);
    return task;
  }

  /** Cancels all and waits until they have ended. */
  async shutDown(): Promise<void> {
    this.status.cancel({ source: "shutdown", scope: "system tasks" });
    if (this.live.size > 0) await new Promise<void>((resolve) => (this.emptied = resolve));
    this.status.close();
  }
}

class SystemTask extends Task {
  private readonly onEnded: (task: Task) => void;

  constructor(name: string, parent: CancelStatus, onEnded: (task: Task) => void) {
    super(name, parent);
    this.onEnded = onEnded;
  }

  protected onEnd(): void {
    this.onEnded(this as Task);
  }
}

/**
 * Starts a task that belongs to the current run and to no nursery; outside every run, to the process. For packages that
 * extend Espalier: users want a nursery.
 *
 * @checkpoint never
 * @cancellation It is cancelled when the main task of the run has ended. An error in it cancels the run, which rejects
 *   with `InternalError`; outside every run it is thrown as an uncaught exception.
 */
export function spawnSystemTask(
  body: () => Promise<unknown>,
  options: { readonly name?: string } = {},
): Task {
  checkBody(body, "spawnSystemTask");
  checkOptions(options, "spawnSystemTask");
  const { runtime } = currentStatus();
  runtime.systemTasks ??= new SystemTasks(runtime);
  return runtime.systemTasks.spawn(body, options.name ?? (body.name || "system task"));
}

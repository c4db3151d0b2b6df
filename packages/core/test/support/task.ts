import { type CancelStatus, currentStatus, Task } from "@espalier/core/lowlevel";

/** A task made of the public doors, as a nursery makes its own. */
export class TestTask<T> extends Task<T> {
  /** Fulfils when the task has ended, however. */
  readonly done: Promise<this>;
  private ring!: () => void;

  constructor(name: string, parent: CancelStatus) {
    super(name, parent);
    this.done = new Promise((resolve) => {
      this.ring = () => resolve(this);
    });
  }

  protected onEnd(): void {
    this.ring();
  }
}

/** Starts a task below `parent`, in the order of `startSoon`. */
export function spawn<T>(
  body: () => Promise<T> | T,
  name = "task",
  parent: CancelStatus = currentStatus(),
): TestTask<T> {
  const task = new TestTask<T>(name, parent);
  task.startSoon(body);
  return task;
}

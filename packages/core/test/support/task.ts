import { type CancelStatus, currentStatus, ParkingLot, pass, Task } from "@espalier/core/lowlevel";

/** A task made of the public doors, as a nursery makes its own. */
export class TestTask<T> extends Task<T> {
  private readonly joiners = new ParkingLot();

  /** Waits until the task has ended, however. */
  async join(): Promise<this> {
    if (this.ended) await pass();
    else await this.joiners.park("join", undefined);
    return this;
  }

  protected onEnd(): void {
    this.joiners.unparkAll();
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

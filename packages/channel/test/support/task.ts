import { type CancelStatus, currentStatus, ParkingLot, Task } from "@espalier/core/lowlevel";

/** A task made of the public doors, as a nursery makes its own. */
export class TestTask<T> extends Task<T> {
  readonly #joiners = new ParkingLot();

  /** Waits until it has ended, however, in a way that a mock clock can see. */
  async join(): Promise<this> {
    if (!this.ended) await this.#joiners.park("join", undefined);
    return this;
  }

  /** What has become of it: its value, the name of its error, or where it stands. */
  get result(): unknown {
    const { state } = this;
    if (state.kind === "succeeded") return state.value;
    if (state.kind === "failed") return (state.error as Error).name;
    return state.kind;
  }

  /** The error that it failed with. */
  get error(): unknown {
    if (this.state.kind !== "failed") throw new Error(`the task is ${this.state.kind}`);
    return this.state.error;
  }

  protected onEnd(): void {
    this.#joiners.unparkAll();
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

/** Waits until all have ended. */
export async function joinAll(tasks: readonly TestTask<unknown>[]): Promise<void> {
  for (const task of tasks) await task.join();
}

import { MisuseError } from "@espalier/core";
import { currentStatus, type CancelStatus, type Parked, parkShielded } from "@espalier/core/lowlevel";
import { ChildTask } from "./child-task.ts";
import { TaskCancelledError } from "./task-errors.ts";

/**
 * A child between `nursery.start` and its `started()`: it lives under the caller, then moves to the nursery.
 *
 *     event \ state    waiting                        said so, not moved (caller cancelled)   moved
 *     started()        moves child, start returns;    MisuseError                             MisuseError
 *                      in a cancelled caller: noted
 *     child succeeds   MisuseError                    start returns the value                 the nursery's business
 *     child fails      start raises its error         start raises its error                  the nursery's business
 *     child cancelled  start raises Cancelled         start raises Cancelled                  the nursery's business
 */
export class PendingStart<S> {
  readonly #child: ChildTask<unknown>;
  readonly #caller: CancelStatus = currentStatus();
  readonly #handOver: (child: ChildTask<unknown>) => void;
  readonly #wait: Parked<S>;
  /** What `started` was called with. */
  #said: { readonly value: S } | undefined = undefined;

  constructor(name: string, daemon: boolean, handOver: (child: ChildTask<unknown>) => void) {
    this.#handOver = handOver;
    this.#child = new ChildTask(name, daemon, this.#caller, () => {
      this.#childEnded();
    });
    this.#wait = parkShielded<S>("nursery.start");
  }

  /** Starts the child and waits until it is ready, or has ended before. */
  run(fn: (started: (value: S) => void) => Promise<unknown>): Promise<S> {
    this.#child.startSoon(() => fn(this.#started));
    return this.#wait.promise;
  }

  readonly #started = (value: S): void => {
    const { name, ended } = this.#child;
    if (this.#said !== undefined || ended) {
      const why = this.#said === undefined ? "after the task had ended" : "a second time";
      throw new MisuseError(
        `started() of the task "${name}" was called ${why}; call it once, when the task is ready.`,
      );
    }
    this.#said = { value };
    if (this.#caller.cancelled) return; // whoever waits for it is being unwound: it has to end with the caller
    this.#handOver(this.#child);
    this.#wait.resume(value);
  };

  #childEnded(): void {
    const { name, state } = this.#child;
    if (state.kind === "failed") this.#wait.fail(state.error);
    else if (state.kind === "cancelled") {
      const itself = new TaskCancelledError(`The task "${name}" was cancelled before it called started()`);
      this.#wait.fail(state.caught ? itself : state.error);
    } else if (this.#said !== undefined) this.#wait.resume(this.#said.value);
    else {
      const message = `The task "${name}" ended without calling started(); use startSoon for tasks that need no ready signal.`;
      this.#wait.fail(new MisuseError(message));
    }
  }
}

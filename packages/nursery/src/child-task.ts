import { currentTask, MisuseError, type TaskStatus } from "@espalier/core";
import { type CancelStatus, ParkingLot, pass, refusal, Task as TaskRecord } from "@espalier/core/lowlevel";
import { TaskCancelledError, TaskFailedError } from "./task-errors.ts";

/** A handle on a child of a nursery. It need not be kept: the nursery holds every child until it has ended. */
export interface Task<T = unknown> {
  /** The name in the task tree and in messages. */
  readonly name: string;
  readonly status: TaskStatus;
  /**
   * Waits until the task has ended, and gives its value. Joining does not take an error away from the nursery.
   *
   * @checkpoint always
   * @cancellation Only the wait ends; the task goes on.
   * @throws {TaskFailedError} the task failed; its error is the `cause`.
   * @throws {TaskCancelledError} the task was cancelled.
   * @throws {Cancelled} the scope of the caller is, or becomes, cancelled.
   * @throws {MisuseError} the task joins itself.
   */
  join(): Promise<T>;
  /** Cancels this task and no other. Sync and idempotent; the nursery goes on. */
  cancel(reason?: unknown): void;
  /**
   * The value of a task that has succeeded.
   *
   * @throws {MisuseError} it has not.
   */
  readonly value: T;
}

/** What a task tells when it has ended. */
export type OnTaskEnded = (task: ChildTask<unknown>) => void;

/** The record behind the handle. */
export class ChildTask<T> extends TaskRecord<T> implements Task<T> {
  readonly daemon: boolean;
  /** Whom to tell; a task that `start` hands over to its nursery changes it. */
  onEnded: OnTaskEnded;
  #joiners: ParkingLot<T> | undefined = undefined;

  constructor(name: string, daemon: boolean, parent: CancelStatus, onEnded: OnTaskEnded) {
    super(name, parent);
    this.daemon = daemon;
    this.onEnded = onEnded;
  }

  get value(): T {
    if (this.state.kind === "succeeded") return this.state.value;
    throw new MisuseError(
      `The task "${this.name}" has no value: it is ${this.state.kind}. Wait for it with join().`,
    );
  }

  join(): Promise<T> {
    const denied = refusal();
    if (denied !== undefined) return denied;
    if (this.state.kind === "succeeded") return pass(this.state.value);
    if (this.ended) return pass().then(() => Promise.reject(this.#joinError()));
    if (currentTask() === (this as TaskRecord)) {
      return Promise.reject(new MisuseError(`The task "${this.name}" joins itself and would wait for ever.`));
    }
    this.#joiners ??= new ParkingLot();
    return this.#joiners.park("join", undefined);
  }

  protected onEnd(): void {
    // Before the nursery hears of a failure and cancels the siblings: a joiner gets what it waited for.
    this.#wakeJoiners();
    this.onEnded(this as ChildTask<unknown>);
  }

  #wakeJoiners(): void {
    if (this.#joiners === undefined) return;
    if (this.state.kind === "succeeded") this.#joiners.unparkAll(this.state.value);
    else this.#joiners.failAll(() => this.#joinError());
  }

  #joinError(): Error {
    const { state } = this;
    if (state.kind === "failed")
      return new TaskFailedError(`The task "${this.name}" failed`, { cause: state.error });
    return new TaskCancelledError(`The task "${this.name}" was cancelled`);
  }
}

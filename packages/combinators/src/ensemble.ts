import {
  captureOutcome,
  type CancelStatus,
  currentStatus,
  type Outcome,
  unwind,
} from "@espalier/core/lowlevel";
import { type Nursery, openNursery, TaskCancelledError } from "@espalier/nursery";
import type { Body } from "./body.ts";

/*
 * What the combinators have in common: bodies that run side by side in one nursery and report how they ended, instead of
 * failing it. Each combinator decides what an end means; what is an end at all is decided here:
 *
 *     the body                                               onEnd hears
 *     gave a value                                           the value
 *     raised an error                                        the error, freed of what was only cancellation in it
 *     was cancelled alone, by `currentTask().cancel()`       a TaskCancelledError
 *     was unwound with all the others                        nothing: that is not its own end
 */

/** Hears how a body ended; called at most once, before anything else that waits for the body goes on. */
export type OnEnd<T> = (outcome: Outcome<T>) => void;

/** Bodies that run side by side. */
export class Ensemble {
  readonly #nursery: Nursery;
  readonly #status: CancelStatus;
  /** The `Cancelled` of the first body that was unwound with the others. */
  #interruption: Outcome<never> | undefined = undefined;

  constructor(nursery: Nursery, status: CancelStatus) {
    this.#nursery = nursery;
    this.#status = status;
  }

  /** Whether all were cancelled, from here or from outside: whoever fails from now on fails in its cleanup. */
  get cancelled(): boolean {
    return this.#status.cancelled;
  }

  /** What `onEnd` did not hear of. */
  get interruption(): Outcome<never> | undefined {
    return this.#interruption;
  }

  /** Starts a body in a task of its own. */
  start<T>(name: string, body: Body<T>, onEnd: OnEnd<T>): void {
    this.#nursery.startSoon(() => this.here(body, onEnd), { name });
  }

  /** Runs a body in the task of the caller. */
  async here<T>(body: Body<T>, onEnd: OnEnd<T>): Promise<void> {
    const status = currentStatus();
    let value: T;
    try {
      value = await body();
    } catch (error) {
      const end = unwind(status, error, "task");
      if (end.kind === "failed") {
        onEnd({ kind: "error", error: end.error });
        return;
      }
      if (end.kind === "caught" && status !== this.#status) {
        onEnd({ kind: "error", error: new TaskCancelledError(`The task "${status.name}" was cancelled`) });
        return;
      }
      this.#interruption ??= { kind: "error", error };
      throw error;
    }
    onEnd({ kind: "value", value });
  }

  /** Cancels all of them. */
  cancelAll(reason: unknown): void {
    this.#status.cancel({ source: "nursery", reason, scope: this.#nursery.name });
  }
}

/**
 * Runs an ensemble and waits until all in it have ended. Gives the cancellation that ended it, if one did, as an outcome
 * and not as an error: a combinator that has a value or errors by then delivers these. (What was delivered beats what was
 * cancelled; a cancellation from outside is raised again by the next checkpoint.)
 */
export async function runTogether(
  name: string,
  conduct: (ensemble: Ensemble) => Promise<void> | void,
): Promise<Outcome<unknown>> {
  let ensemble: Ensemble | undefined;
  const exit = await captureOutcome(() =>
    openNursery(
      (nursery) => {
        ensemble = new Ensemble(nursery, currentStatus());
        return conduct(ensemble);
      },
      { name },
    ),
  );
  return ensemble?.interruption ?? exit;
}

import { CancelScope } from "@espalier/cancel-scope";
import { captureOutcome, type Outcome } from "@espalier/core/lowlevel";
import { waitAllTasksBlocked } from "@espalier/core/testing";
import { openNursery, type Nursery } from "@espalier/nursery";

/** A call in a task and a scope of its own, looked at from outside. */
export class Call {
  /** How it has ended; `undefined` while it waits. */
  outcome: Outcome<unknown> | undefined = undefined;
  readonly #scope = new CancelScope();

  constructor(nursery: Nursery, body: () => unknown) {
    nursery.startSoon(() =>
      this.#scope.run(async () => {
        this.outcome = await captureOutcome(body);
      }),
    );
  }

  /** Cancels the call, and nothing else. What becomes of it is seen when all have settled. */
  cancel(): void {
    this.#scope.cancel();
  }
}

/** Begins a call, and waits until everybody has come as far as they can: calls line up in the order of their begin. */
export type Begin = (body: () => unknown) => Promise<Call>;

/** Runs a scene in which several calls play; those that still wait at its end are cancelled. */
export async function scene(play: (begin: Begin) => Promise<void>): Promise<void> {
  await openNursery(async (nursery) => {
    await play(async (body) => {
      const call = new Call(nursery, body);
      await settle();
      return call;
    });
    nursery.cancelScope.cancel();
  });
}

/** Waits until everybody has come as far as they can without time passing. */
export function settle(): Promise<void> {
  return waitAllTasksBlocked();
}

/** The outcome of a call in a scope that was cancelled before. */
export async function inCancelledScope(body: () => unknown): Promise<Outcome<unknown>> {
  const scope = new CancelScope();
  scope.cancel();
  let outcome!: Outcome<unknown>;
  await scope.run(async () => {
    outcome = await captureOutcome(body);
  });
  return outcome;
}

import { CancelScope } from "@espalier/cancel-scope";
import { captureOutcome, type Outcome } from "@espalier/core/lowlevel";

/** The error of a promise that has to reject. */
export async function rejection(
  promise: Promise<unknown>,
): Promise<Error & { cause?: unknown; code?: string }> {
  const outcome = await captureOutcome(() => promise);
  if (outcome.kind === "value") throw new Error("it should have failed");
  return outcome.error as Error;
}

/** What comes of a call in a scope that was cancelled before. */
export async function inCancelledScope(body: () => unknown): Promise<Outcome<unknown>> {
  const scope = new CancelScope();
  scope.cancel();
  let outcome!: Outcome<unknown>;
  await scope.run(async () => {
    outcome = await captureOutcome(body);
  });
  return outcome;
}

/** Begins a call that waits; cancels it with `cancel()`. */
export function begin(body: () => Promise<unknown>): {
  readonly outcome: Promise<Outcome<unknown>>;
  cancel(): void;
} {
  const scope = new CancelScope();
  let outcome!: Outcome<unknown>;
  const ended = scope
    .run(async () => {
      outcome = await captureOutcome(body);
    })
    .then(() => outcome);
  return {
    outcome: ended,
    cancel: () => {
      scope.cancel();
    },
  };
}

/** Some turns of the event loop: what can happen at once has happened. */
export async function fewTurns(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setTimeout(resolve, 1));
}

import { currentTask } from "@espalier/core";
import {
  CancelStatus,
  captureOutcome,
  checkBody,
  currentStatus,
  type Outcome,
  runIn,
  unwrapOutcome,
} from "@espalier/core/lowlevel";
import { attachProbe } from "@espalier/core/testing";
import { AssertionError } from "./assertion-error.ts";

/**
 * Runs `body` and insists that it is a checkpoint: that it looks at least once whether it is cancelled, and at least once
 * gives others a turn. For the law that every exported async function is one, whatever its arguments.
 *
 * It counts what the body's own task does, not what tasks do that it starts. A body that raises passes: an error excuses
 * the missing checkpoint.
 *
 * @checkpoint never; the body is
 * @cancellation The body's.
 * @throws {AssertionError} one half of a checkpoint is missing, or both.
 * @throws {TypeError} `body` is not a function.
 * @throws whatever the body raises.
 * @example
 * ```ts
 * import { sleep } from "@espalier/core";
 * import { assertCheckpoints } from "@espalier/testing";
 *
 * await assertCheckpoints(() => sleep(0));
 * ```
 */
export async function assertCheckpoints<T>(body: () => Promise<T> | T): Promise<T> {
  checkBody(body, "assertCheckpoints");
  const { outcome, seen } = await watch(body);
  const missing = [
    ...(seen.cancelPoints === 0 ? ["it never looked whether it was cancelled"] : []),
    ...(seen.schedulePoints === 0 ? ["it never gave others a turn"] : []),
  ];
  if (outcome.kind === "value" && missing.length > 0)
    throw new AssertionError(`${nameOf(body)} should have been a checkpoint, but ${missing.join(" and ")}.`);
  return unwrapOutcome(outcome);
}

/**
 * Runs `body` and insists that it is no checkpoint: that it neither looks whether it is cancelled nor gives others a turn.
 * Awaiting something foreign is no checkpoint. An error of the body is no excuse here; it becomes the cause.
 *
 * It counts what the body's own task does, not what tasks do that it starts.
 *
 * @checkpoint never
 * @throws {AssertionError} there was half a checkpoint, or a whole one.
 * @throws {TypeError} `body` is not a function.
 * @throws whatever the body raises, if there was no checkpoint.
 * @example
 * ```ts
 * import { currentTime } from "@espalier/core";
 * import { assertNoCheckpoints } from "@espalier/testing";
 *
 * await assertNoCheckpoints(() => currentTime());
 * ```
 */
export async function assertNoCheckpoints<T>(body: () => Promise<T> | T): Promise<T> {
  checkBody(body, "assertNoCheckpoints");
  const { outcome, seen } = await watch(body);
  if (seen.cancelPoints + seen.schedulePoints === 0) return unwrapOutcome(outcome);
  const did =
    seen.schedulePoints === 0
      ? "it looked whether it was cancelled"
      : seen.label === undefined
        ? "it gave others a turn"
        : `it waited for ${seen.label}`;
  throw new AssertionError(
    `${nameOf(body)} should not have been a checkpoint, but ${did}.`,
    outcome.kind === "error" ? { cause: outcome.error } : undefined,
  );
}

/** What has been seen of checkpoints. */
interface Seen {
  cancelPoints: number;
  schedulePoints: number;
  /** What the first wait was for, if there was one. */
  label: string | undefined;
}

async function watch<T>(body: () => Promise<T> | T): Promise<{ outcome: Outcome<T>; seen: Seen }> {
  const seen: Seen = { cancelPoints: 0, schedulePoints: 0, label: undefined };
  const around = currentStatus();
  const status = new CancelStatus("scope", nameOf(body), around.runtime, false).bind(around);
  const task = currentTask();
  attachProbe(status, {
    cancelPoint: () => {
      if (currentTask() === task) seen.cancelPoints++;
    },
    schedulePoint: (label) => {
      if (currentTask() !== task) return;
      seen.schedulePoints++;
      seen.label ??= label;
    },
  });
  try {
    return { outcome: await runIn(status, () => captureOutcome(body)), seen };
  } finally {
    status.close();
  }
}

function nameOf(body: { readonly name: string }): string {
  return body.name || "the body";
}

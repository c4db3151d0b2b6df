import { ambient, CancelStatus, currentStatus, runIn } from "@espalier/core/lowlevel";
import { attachProbe } from "@espalier/core/testing";

/** The halves of checkpoints that `body` passes, in order. */
export async function checkpointsOf(body: () => Promise<unknown>): Promise<string[]> {
  const status = new CancelStatus("scope", "probed", ambient, false).bind(currentStatus());
  const seen: string[] = [];
  attachProbe(status, {
    cancelPoint: () => seen.push("cancel point"),
    schedulePoint: () => seen.push("schedule point"),
  });
  try {
    await runIn(status, body);
  } finally {
    status.close();
  }
  return seen;
}

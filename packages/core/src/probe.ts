import type { CancelStatus } from "./cancel-status.ts";
import { shared } from "./registry.ts";

/** Sees the checkpoints of the code inside one status; for assertions about them. */
export interface Probe {
  /**
   * A checkpoint is about to ask whether it is cancelled. Cancelling here is seen by that very checkpoint. Called again,
   * with the label, if it turns out that it has to wait.
   */
  cancelPoint?(label?: string): void;
  /** A checkpoint gives others a turn: it waits for what the label says, or passes. */
  schedulePoint?(label?: string): void;
}

const probes: WeakMap<CancelStatus, Probe> = /* @__PURE__ */ shared("probes", () => new WeakMap());

/** Attaches a probe to a status that has just been opened: what is opened inside it later is seen too. */
export function attachProbe(status: CancelStatus, probe: Probe): void {
  probes.set(status, probe);
  status.slowDown();
}

/** The probes of a status and of all around it. */
export function probesOf(status: CancelStatus): Probe[] {
  const found: Probe[] = [];
  for (let each: CancelStatus | undefined = status; each !== undefined; each = each.parent) {
    const probe = probes.get(each);
    if (probe !== undefined) found.push(probe);
  }
  return found;
}

import { Cancelled } from "@espalier/core";
import { ambient, CancelStatus, currentStatus, runIn } from "@espalier/core/lowlevel";

/** A flow of code in a scope of its own that can be cancelled; made of the core's public doors. */
export class Flow<T> {
  readonly status: CancelStatus = new CancelStatus("scope", "flow", ambient, false).bind(currentStatus());
  readonly ended: Promise<void>;
  state: "running" | "done" | "cancelled" | "failed" = "running";
  value: T | undefined = undefined;
  error: unknown = undefined;

  constructor(body: () => Promise<T>) {
    this.ended = runIn(this.status, body).then(
      (value) => {
        this.state = "done";
        this.value = value;
      },
      (error: unknown) => {
        this.state = error instanceof Cancelled ? "cancelled" : "failed";
        this.error = error;
      },
    );
  }

  cancel(): void {
    this.status.cancel({ source: "explicit", scope: "flow" });
  }

  /** Runs something more in the same scope. */
  run<R>(body: () => R): R {
    return runIn(this.status, body);
  }

  /** Leaves the scope. */
  leave(): void {
    this.status.close();
  }
}

/** Starts a flow; its body runs to its first wait. */
export function flow<T>(body: () => Promise<T>): Flow<T> {
  return new Flow(body);
}

/** Runs `body` in a scope that is cancelled already. */
export async function inCancelledScope<T>(body: () => Promise<T>): Promise<T> {
  const status = new CancelStatus("scope", "cancelled", ambient, false).bind(currentStatus());
  status.cancel({ source: "explicit", scope: "cancelled" });
  try {
    return await runIn(status, body);
  } finally {
    status.close();
  }
}

import { Cancelled } from "@espalier/core";
import { ambient, CancelStatus, currentStatus, runIn, unwind } from "@espalier/core/lowlevel";

/** What has become of a flow: `"waits"`, its value, the name of its error, or `"cancelled"`. */
export type Standing<T> =
  | { readonly kind: "waits" }
  | { readonly kind: "value"; readonly value: T }
  | { readonly kind: "error"; readonly error: unknown }
  | { readonly kind: "cancelled" };

/** Code that runs beside the test, in a cancel scope of its own. */
export class Flow<T> {
  readonly status: CancelStatus;
  /** Settles when it has ended, however; never rejects. */
  readonly ended: Promise<this>;
  standing: Standing<T> = { kind: "waits" };

  constructor(body: () => Promise<T> | T, status: CancelStatus) {
    this.status = status;
    this.ended = this.#run(body);
  }

  get waits(): boolean {
    return this.standing.kind === "waits";
  }

  cancel(): void {
    this.status.cancel({ source: "explicit", scope: this.status.name });
  }

  /** What it has come to, in short: `waits`, `cancelled`, the name of its error, or its value. */
  get result(): unknown {
    const { standing } = this;
    if (standing.kind === "value") return standing.value;
    if (standing.kind === "error") return (standing.error as Error).name;
    return standing.kind;
  }

  async #run(body: () => Promise<T> | T): Promise<this> {
    try {
      const value = await runIn(this.status, async () => body());
      this.standing = { kind: "value", value };
    } catch (error) {
      this.standing = error instanceof Cancelled ? { kind: "cancelled" } : { kind: "error", error };
    } finally {
      this.status.close();
    }
    return this;
  }
}

/** Begins a flow: it runs up to its first wait before this returns. */
export function begin<T>(body: () => Promise<T> | T, name = "flow"): Flow<T> {
  return new Flow(body, new CancelStatus("scope", name, ambient, false).bind(currentStatus()));
}

/** Runs `body` in a scope, and gives its value; `undefined` if it was ended by the cancellation of the scope. */
export async function scope<T>(body: (status: CancelStatus) => Promise<T> | T): Promise<T | undefined> {
  const status = new CancelStatus("scope", "scope", ambient, false).bind(currentStatus());
  try {
    return await runIn(status, async () => body(status));
  } catch (error) {
    const outcome = unwind(status, error, "scope");
    if (outcome.kind !== "caught") throw outcome.error;
    return undefined;
  } finally {
    status.close();
  }
}

/** Runs `body` in a scope that is already cancelled, and gives what it gives. */
export async function inCancelledScope<T>(body: () => Promise<T> | T): Promise<T> {
  const status = new CancelStatus("scope", "cancelled", ambient, false).bind(currentStatus());
  status.cancel({ source: "explicit", scope: "cancelled" });
  try {
    return await runIn(status, async () => body());
  } finally {
    status.close();
  }
}

/**
 * Lets everything go as far as it can by itself: microtasks, `count` turns of the event loop, and more as long as
 * resumptions are lined up (a slow machine uses up the budget of a turn early).
 */
export async function turns(count = 1): Promise<void> {
  const { scheduler } = currentStatus().runtime;
  for (let i = 0; i < count || scheduler.busy; i++)
    await new Promise<void>((resolve) => setImmediate(resolve));
}

import { ambient, CancelStatus, currentStatus, runIn, setDeadline, unwind } from "@espalier/core/lowlevel";

/** What a {@link scope} of the tests may be given. */
export interface ScopeOptions {
  readonly name?: string;
  readonly shield?: boolean;
  readonly deadline?: number;
}

/**
 * A cancel scope made of the core's public doors, as an outsider would make one: the real one lives in a package above.
 */
export async function scope<T>(
  body: (status: CancelStatus) => Promise<T> | T,
  { name = "scope", shield = false, deadline }: ScopeOptions = {},
): Promise<T | undefined> {
  const status = open({ name, shield });
  if (deadline !== undefined) setDeadline(status, deadline);
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

/** A status below the current one, or below `parent`; nobody runs in it yet. */
export function open({
  name = "scope",
  shield = false,
  parent = currentStatus(),
}: ScopeOptions & { readonly parent?: CancelStatus } = {}): CancelStatus {
  return new CancelStatus("scope", name, ambient, shield).bind(parent);
}

/** Cancels as `scope.cancel(reason)` would. */
export function cancel(status: CancelStatus, reason?: unknown): void {
  status.cancel({ source: "explicit", scope: status.name, ...(reason !== undefined && { reason }) });
}

/** Runs `body` in a scope that is already cancelled, and gives what it gives. */
export async function inCancelledScope<T>(body: () => Promise<T> | T): Promise<T> {
  const status = open({ name: "cancelled" });
  cancel(status);
  try {
    return await runIn(status, async () => body());
  } finally {
    status.close();
  }
}

import { reasonOf, type CancelStatus } from "./cancel-status.ts";
import { makeCancelled } from "./errors.ts";
import { whenCancelled } from "./hook.ts";
import { shared } from "./registry.ts";

const controllers: WeakMap<CancelStatus, AbortController> = /* @__PURE__ */ shared(
  "signals",
  () => new WeakMap(),
);

/**
 * The `AbortSignal` of a status, made when first asked for: it aborts when the status becomes effectively cancelled, with
 * our `Cancelled` as its reason. It does not abort when the block is left without having been cancelled.
 */
export function signalOf(status: CancelStatus): AbortSignal {
  const existing = controllers.get(status);
  if (existing !== undefined) return existing.signal;
  const controller = new AbortController();
  raiseListenerLimit(controller.signal);
  controllers.set(status, controller);
  if (status.closed) {
    if (status.reason !== undefined) abort(status, controller);
  } else {
    whenCancelled(status, (_reason, leaving) => {
      if (!leaving) abort(status, controller);
    });
  }
  return controller.signal;
}

/**
 * A signal for the code that runs in a status: like {@link signalOf}, but code that has outlived its block finds it
 * aborted, as every checkpoint there raises.
 */
export function liveSignalOf(status: CancelStatus): AbortSignal {
  const signal = signalOf(status);
  if (signal.aborted || !status.closed) return signal;
  return AbortSignal.abort(makeCancelled(reasonOf(status)));
}

/** Aborts a controller whose signal was given out in `status`, and remembers it, for abort errors without a cause. */
export function abort(status: CancelStatus, controller: AbortController): void {
  status.noteSignalAborted();
  controller.abort(makeCancelled(reasonOf(status)));
}

/**
 * One signal serves all that runs in a scope, so many listeners are no sign of a leak: Node would warn at the eleventh.
 * Asked of the process at run time, so that this file also loads where there is no `node:events`.
 */
function raiseListenerLimit(signal: AbortSignal): void {
  const runtime = globalThis as {
    process?: { getBuiltinModule?: (name: "node:events") => typeof import("node:events") };
  };
  runtime.process?.getBuiltinModule?.("node:events").setMaxListeners(0, signal);
}

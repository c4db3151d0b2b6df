import { AsyncLocalStorage } from "node:async_hooks";
import type { CancelStatus } from "./cancel-status.ts";
import { shared } from "./registry.ts";

/**
 * The ambient slot: which cancel status the running code belongs to. This file is the whole seam; a platform without
 * AsyncLocalStorage brings another carrier with the same two operations.
 *
 * One immutable store per body, instead of a mutable stack per task, is what makes
 * `Promise.all([moveOnAfter(...), moveOnAfter(...)])` nest correctly inside one task.
 */
const carrier: AsyncLocalStorage<CancelStatus> = /* @__PURE__ */ shared(
  "context",
  () => new AsyncLocalStorage(),
);

/** The status that the running code was entered with, or `undefined` outside every run, task and scope. */
export function ambientStatus(): CancelStatus | undefined {
  return carrier.getStore();
}

/**
 * Runs `body` inside `status`: everything that it starts, and every continuation of it, belongs there. An argument is
 * passed on, which spares the hot paths a closure.
 */
export function runIn<R>(status: CancelStatus, body: () => R): R;
export function runIn<R, A>(status: CancelStatus, body: (argument: A) => R, argument: A): R;
export function runIn<R, A>(status: CancelStatus, body: (argument?: A) => R, argument?: A): R {
  return carrier.run(status, body, argument);
}

/**
 * Goes over into `status` for the rest of this microtask, in which nothing comes after: a {@link runIn} without the way back, for
 * which Node 24 makes a second frame, with a copy of all stores. Only for a reaction to a promise that was registered inside
 * some status; elsewhere Node 20 and 22 may not have begun to tell microtasks apart, and it would stay.
 */
export function goInto(status: CancelStatus): void {
  carrier.enterWith(status);
}

import type { BlockedWatch } from "./blocked-watch.ts";
import { CancelStatus } from "./cancel-status.ts";
import { systemClock, type Clock } from "./clock.ts";
import { ambientStatus } from "./context.ts";
import { Deadlines } from "./deadlines.ts";
import { ambientDebugObserver } from "./debug-wanted.ts";
import type { InternalError } from "./errors.ts";
import type { Observer } from "./instruments.ts";
import { shared } from "./registry.ts";
import { scheduler as threadScheduler, type Scheduler } from "./scheduler.ts";
import type { SystemTasks } from "./system-task.ts";

/** What a runtime is made of. */
export interface RuntimeParts {
  readonly name: string;
  readonly clock?: Clock | undefined;
  readonly scheduler?: Scheduler | undefined;
  readonly observer?: Observer | undefined;
  /** What to do when a system task failed; by default it is an uncaught exception. */
  readonly onSystemCrash?: (error: InternalError) => void;
}

/** What one `run` owns: a clock, its deadlines, an order of resumptions, the root of a tree of statuses. */
export class Runtime {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly deadlines: Deadlines;
  /** Instruments and debug mode; `undefined` when nobody watches. */
  readonly observer: Observer | undefined;
  /** Whether every checkpoint takes the slow path. */
  readonly slow: boolean;
  /** Never cancelled; closed when the run is over. */
  readonly root: CancelStatus;
  /** Live tasks none of whose flows is parked. Written by task.ts. */
  movingTasks = 0;
  /** Who wants to know when `movingTasks` falls to zero; written by blocked-watch.ts when somebody does. */
  blockedWatch: BlockedWatch | undefined = undefined;
  /** What to do when a system task failed. */
  readonly onSystemCrash: (error: InternalError) => void;
  /** The background tasks of packages, once there is one. Written by system-task.ts. */
  systemTasks: SystemTasks | undefined = undefined;

  constructor(parts: RuntimeParts) {
    this.clock = parts.clock ?? systemClock;
    this.scheduler = parts.scheduler ?? threadScheduler;
    this.observer = parts.observer;
    this.slow = this.observer !== undefined || this.scheduler !== threadScheduler;
    this.deadlines = new Deadlines(this.clock, this.scheduler);
    this.onSystemCrash = parts.onSystemCrash ?? throwUncaught;
    this.root = new CancelStatus("run", parts.name, this, false);
    this.observer?.opened(this.root);
  }
}

/** The runtime of all code outside every run: real time, never over. Shared by all installed copies. */
export const ambient: Runtime = /* @__PURE__ */ shared(
  "ambient",
  () => new Runtime({ name: "ambient", observer: ambientDebugObserver() }),
);

/** The runtimes whose `run` has not ended, in order of their start. */
export const liveRuntimes: Set<Runtime> = /* @__PURE__ */ shared("runtimes", () => new Set());

/** The status that the running code belongs to; outside everything, the root of the ambient runtime. */
export function currentStatus(): CancelStatus {
  return ambientStatus() ?? ambient.root;
}

function throwUncaught(error: InternalError): void {
  queueMicrotask(() => {
    throw error;
  });
}

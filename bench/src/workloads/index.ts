import type { Job, Workload } from "../workload.ts";
import { cancelSleepers } from "./cancel-sleepers.ts";
import { channel4x4, channel64, channelChain, rendezvous } from "./channels.ts";
import { echoMany, echoOne } from "./echo.ts";
import { nesting } from "./nesting.ts";
import { nurseryTree } from "./nursery-tree.ts";
import { parkedHeap } from "./parked-heap.ts";
import { pingPong } from "./ping-pong.ts";
import { deepCheckpoints, nestedScopes } from "./scopes.ts";
import { sleepers, sleeps } from "./sleeps.ts";
import { spawn } from "./spawn.ts";
import { timeLimit } from "./time-limit.ts";
import { unparked } from "./unparked.ts";

/** All workloads, in the order of the table. */
export const workloads = {
  spawn,
  nurseryTree,
  rendezvous,
  channel64,
  channel4x4,
  timeLimit,
  cancelSleepers,
  sleeps,
  sleepers,
  pingPong,
  nestedScopes,
  deepCheckpoints,
  parkedHeap,
  channelChain,
  echoMany,
  echoOne,
  nesting,
  unparked,
} as const;

type Workloads = typeof workloads;

/** Does the workloads in its own way; it may leave some out. */
export type Contender = {
  readonly [W in keyof Workloads]?: Workloads[W] extends Workload<infer R> ? Job<R> : never;
};

/** Any workload, for code that does not care which. */
export type AnyWorkload = Workload<unknown>;

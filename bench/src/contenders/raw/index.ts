import { loads } from "../../workloads/echo.ts";
import type { Contender } from "../../workloads/index.ts";
import { cancelSleepers, parkedHeap, sleepers, sleeps } from "./sleeping.ts";
import { channel4x4, channel64, channelChain, rendezvous, unparked } from "./channels.ts";
import { echo } from "./echo.ts";
import { deepCheckpoints, nestedScopes, nesting, timeLimit } from "./scopes.ts";
import { nurseryTree, pingPong, spawn } from "./tasks.ts";

/** How a task, or the body of a scope, is begun. */
export type Begin = <T>(body: () => T) => T;

/** The least code that does each job with promises and what Node brings. */
export function rawContender(begin: Begin): Contender {
  return {
    spawn: spawn(begin),
    nurseryTree: nurseryTree(begin),
    rendezvous: rendezvous(begin),
    channel64: channel64(begin),
    channel4x4: channel4x4(begin),
    timeLimit: timeLimit(begin),
    cancelSleepers: cancelSleepers(begin),
    sleeps: (size, meter) => begin(() => sleeps(size, meter)),
    sleepers: sleepers(begin),
    pingPong: pingPong(begin),
    nestedScopes: nestedScopes(begin),
    deepCheckpoints: deepCheckpoints(begin),
    parkedHeap: parkedHeap(begin),
    channelChain: channelChain(begin),
    echoMany: (size) => begin(() => echo(size, loads.many)),
    echoOne: (size) => begin(() => echo(size, loads.one)),
    nesting: nesting(begin),
    unparked: (size, meter) => begin(() => unparked(size, meter)),
  };
}

export const raw: Contender = rawContender((body) => body());

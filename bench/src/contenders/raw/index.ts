import type { Contender } from "../../workloads/index.ts";
import { cancelSleepers, parkedHeap, sleepers, sleeps } from "./sleeping.ts";
import { channel4x4, channel64, channelChain, rendezvous, unparked } from "./channels.ts";
import { echoMany, echoOne } from "./echo.ts";
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
    sleeps,
    sleepers: sleepers(begin),
    pingPong: pingPong(begin),
    nestedScopes: nestedScopes(begin),
    deepCheckpoints: deepCheckpoints(begin),
    parkedHeap: parkedHeap(begin),
    channelChain: channelChain(begin),
    echoMany,
    echoOne,
    nesting: nesting(begin),
    unparked,
  };
}

export const raw: Contender = rawContender((body) => body());

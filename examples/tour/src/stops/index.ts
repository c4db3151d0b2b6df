import type { Stop } from "../stop.ts";
import { swallowedByCleanup } from "./01-swallowed-by-cleanup.ts";
import { silentPeer } from "./02-silent-peer.ts";
import { broadCatch } from "./03-broad-catch.ts";
import { taskNobodyHolds } from "./04-task-nobody-holds.ts";
import { nestedNursery } from "./05-nested-nursery.ts";
import { consumerDies } from "./06-consumer-dies.ts";
import { realInput } from "./07-real-input.ts";

/** All stops, in the order of the tour. */
export const stops: readonly Stop[] = [
  swallowedByCleanup,
  silentPeer,
  broadCatch,
  taskNobodyHolds,
  nestedNursery,
  consumerDies,
  realInput,
];

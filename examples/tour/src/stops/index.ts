import type { Stop } from "../stop.ts";
import { swallowedByCleanup } from "./01-swallowed-by-cleanup.ts";
import { silentPeer } from "./02-silent-peer.ts";
import { broadCatch } from "./03-broad-catch.ts";
import { taskNobodyHolds } from "./04-task-nobody-holds.ts";
import { nestedNursery } from "./05-nested-nursery.ts";
import { consumerDies } from "./06-consumer-dies.ts";
import { realInput } from "./07-real-input.ts";
import { consumerFails } from "./08-consumer-fails.ts";
import { leakedPermit } from "./09-leaked-permit.ts";
import { plantedRace } from "./10-planted-race.ts";
import { signals } from "./11-signals.ts";
import { ctrlC } from "./12-ctrl-c.ts";
import { linearProgram } from "./13-linear-program.ts";
import { slowReader } from "./14-slow-reader.ts";
import { cutGoodbye } from "./15-cut-goodbye.ts";
import { threadCallsBack } from "./16-thread-calls-back.ts";

/** All stops, in the order of the tour. */
export const stops: readonly Stop[] = [
  swallowedByCleanup,
  silentPeer,
  broadCatch,
  taskNobodyHolds,
  nestedNursery,
  consumerDies,
  realInput,
  consumerFails,
  leakedPermit,
  plantedRace,
  signals,
  ctrlC,
  linearProgram,
  slowReader,
  cutGoodbye,
  threadCallsBack,
];

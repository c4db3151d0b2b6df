import { moveOnAfter } from "@espalier/cancel-scope";
import { sleep } from "@espalier/core";
import { openNursery } from "@espalier/nursery";
import { Semaphore } from "@espalier/sync";
import { setTimeout } from "node:timers/promises";
import { PlainSemaphore } from "../props/semaphore.ts";
import type { Log, Stop } from "../stop.ts";

export const leakedPermit: Stop = {
  file: "09-leaked-permit",
  title: "The permit that nobody gives back",
  claim:
    "Who waits for a lock with a time limit made by Promise.race stays in line when the time is over, gets the lock later, " +
    "and never gives it back. In Espalier the wait is taken back when it is cancelled: there are as many permits after it " +
    "as before.",
  parts: [
    { world: "plain", code: "plain", run: inPlainPromises },
    { world: "espalier", code: "espalier", run: inEspalier },
    {
      world: "espalier",
      caption: "with 500 who come and give up at the same instants",
      code: "crowd",
      run: inACrowd,
    },
  ],
};

const names = ["Ada", "Ben", "Cleo", "Dan"];

async function inPlainPromises(log: Log): Promise<string[]> {
  // #region plain
  const rooms = new PlainSemaphore(2);
  async function visit(name: string) {
    const inTime = await Promise.race([
      rooms.acquire().then(() => true),
      setTimeout(100, false),
    ]);
    if (!inTime) {
      log(`${name} gives up`);
      return;
    }
    log(`${name} has a room`);
    await setTimeout(200);
    rooms.release();
  }
  await Promise.all(names.map(visit));
  // #endregion
  log(`all have left; free rooms: ${rooms.value} of 2`);
  await visit("Eve");
  return objectionsTo(log, rooms.value);
}

async function inEspalier(log: Log): Promise<string[]> {
  // #region espalier
  const rooms = new Semaphore(2);
  async function visit(name: string) {
    using room = await moveOnAfter(100, () => rooms.acquire());
    if (room === undefined) {
      log(`${name} gives up`);
      return;
    }
    log(`${name} has a room`);
    await sleep(200);
  }
  await openNursery(async (nursery) => {
    for (const name of names) nursery.startSoon(() => visit(name));
  });
  // #endregion
  const { tasksWaiting } = rooms.statistics();
  log(
    `all have left; free rooms: ${rooms.value} of 2; in line: ${tasksWaiting}`,
  );
  await visit("Eve");
  return objectionsTo(log, rooms.value);
}

async function inACrowd(log: Log): Promise<string[]> {
  let visits = 0;
  let givenUp = 0;
  let inside = 0;
  let most = 0;
  // #region crowd
  const rooms = new Semaphore(20, { maxValue: 20 });
  async function visit() {
    using room = await moveOnAfter(10, () => rooms.acquire());
    if (room === undefined) {
      givenUp++;
      return;
    }
    most = Math.max(most, ++inside);
    await sleep(5); // a room is free when others give up
    inside--;
    visits++;
  }
  await openNursery(async (nursery) => {
    for (let i = 0; i < 500; i++) {
      nursery.startSoon(visit);
      if (i % 100 === 99) await sleep(10);
    }
  });
  // #endregion
  const { tasksWaiting } = rooms.statistics();
  log(`${visits} had a room, ${givenUp} gave up`);
  log(
    `free rooms: ${rooms.value} of 20; in line: ${tasksWaiting}; at once inside: ${most} at most`,
  );
  const objections: string[] = [];
  if (rooms.value !== 20 || tasksWaiting !== 0)
    objections.push(`${20 - rooms.value} rooms are lost.`);
  if (most > 20) objections.push(`${most} were inside 20 rooms.`);
  if (visits + givenUp !== 500) objections.push("Somebody is missing.");
  if (visits === 0 || givenUp === 0)
    objections.push("Nobody gave up, or all did: nothing was shown.");
  return objections;
}

function objectionsTo(log: Log, free: number): string[] {
  const objections: string[] = [];
  if (log.at("Cleo gives up") === undefined)
    objections.push("Nobody gave up: nothing was shown.");
  if (log.at("Eve has a room") === undefined)
    objections.push("All had left, and yet there was no room for Eve.");
  if (free !== 2)
    objections.push(`${2 - free} of 2 rooms are lost for good.`);
  return objections;
}

import { checkpoint, detached } from "@espalier/core";
import { openNursery } from "@espalier/nursery";
import { Lock } from "@espalier/sync";
import {
  exploreSchedules,
  FailedScheduleError,
  runVirtual,
} from "@espalier/testing";
import { setImmediate } from "node:timers/promises";
import { seconds } from "../screen.ts";
import type { Log, Stop } from "../stop.ts";

export const plantedRace: Stop = {
  file: "10-planted-race",
  title: "The race that no test run shows",
  claim:
    "Two users want the last seat, and the code looks at it on one side of an await and takes it on the other; promises " +
    "resume in the same order each time, so a thousand test runs pass by luck. Espalier's test tools try other orders, find " +
    "the bad one at once, and its seed brings it back as often as you like.",
  parts: [
    { world: "plain", code: "plain", run: inPlainPromises },
    { world: "espalier", code: "espalier", run: inEspalier },
    {
      world: "espalier",
      caption: "with the race taken out",
      code: "repaired",
      run: repaired,
    },
  ],
};

async function inPlainPromises(log: Log): Promise<string[]> {
  const ask = (): Promise<void> => setImmediate(); // the answer comes a moment later
  // #region plain
  async function bookLastSeat() {
    let free = 1;
    async function book() {
      if (free === 0) return;
      await ask(); // does the bank accept the card?
      free--;
    }
    async function logInAndBook() {
      await ask(); // is there a user of that name?
      await ask(); // is the password right?
      await book();
    }
    await Promise.all([book(), logInAndBook()]);
    if (free < 0) throw new Error("the seat is sold twice");
  }
  let runs = 0;
  while (runs < 1000) {
    await bookLastSeat();
    runs++;
  }
  // #endregion
  log(`${runs} runs have passed`);
  return [`Nothing was found in ${runs} runs.`];
}

async function inEspalier(log: Log): Promise<string[]> {
  const ask = checkpoint; // the answer comes a moment later
  let story: string[] = [];
  // #region espalier
  async function bookLastSeat() {
    story = [];
    let free = 1;
    async function book(who: string) {
      if (free === 0) return;
      story.push(`${who} sees a free seat`);
      await ask(); // does the bank accept the card?
      free--;
      story.push(`${who} has it`);
    }
    async function logInAndBook(who: string) {
      await ask(); // is there a user of that name?
      await ask(); // is the password right?
      await book(who);
    }
    await openNursery(async (nursery) => {
      nursery.startSoon(() => book("Ada"));
      nursery.startSoon(() => logInAndBook("Ben"));
    });
    if (free < 0) throw new Error("the seat is sold twice");
  }
  const found = await failureOf(() => exploreSchedules(bookLastSeat));
  // #endregion
  const ms = log("the first round is over");
  if (!(found instanceof FailedScheduleError))
    return [`The race was not found: ${String(found)}.`];
  const { seed, runs } = found;
  log(`run ${runs} fails: ${messageOf(found.cause)}; seed ${seed}`);
  log(story.join(", "));
  const objections: string[] = [];
  if (ms > 1000) objections.push(`That took ${seconds(ms)}.`);
  const first = story.join();
  for (let i = 1; i <= 3; i++) {
    // #region espalier
    const again = await failureOf(() =>
      detached(() => runVirtual(bookLastSeat, { seed })),
    );
    // #endregion
    log(`replay ${i}: ${messageOf(again)}; ${story.join(", ")}`);
    if (
      messageOf(again) !== messageOf(found.cause) ||
      story.join() !== first
    )
      objections.push(`Replay ${i} took another course.`);
  }
  return objections;
}

async function repaired(log: Log): Promise<string[]> {
  const ask = checkpoint;
  let sold = 0;
  async function bookLastSeat(): Promise<void> {
    let free = 1;
    const lock = new Lock();
    // #region repaired
    async function book() {
      using _turn = await lock.acquire();
      if (free === 0) return;
      await ask(); // does the bank accept the card?
      free--;
      sold++;
    }
    // #endregion
    await openNursery(async (nursery) => {
      nursery.startSoon(book);
      nursery.startSoon(async () => {
        await ask();
        await ask();
        await book();
      });
    });
    if (free < 0) throw new Error("the seat is sold twice");
  }
  // #region repaired
  const found = await failureOf(() => exploreSchedules(bookLastSeat));
  // #endregion
  if (found !== undefined) return [messageOf(found)];
  log(`100 orders have passed; seats sold: ${sold}`);
  return sold === 100 ? [] : ["Not each seat was sold."];
}

/** What a call raises; `undefined` if nothing. */
async function failureOf(call: () => Promise<void>): Promise<unknown> {
  try {
    await call();
    return undefined;
  } catch (error) {
    return error;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

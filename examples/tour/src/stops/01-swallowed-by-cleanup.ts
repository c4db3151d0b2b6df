import { moveOnAfter } from "@espalier/cancel-scope";
import { sleep } from "@espalier/core";
import { openNursery } from "@espalier/nursery";
import { setTimeout } from "node:timers/promises";
import { seconds } from "../screen.ts";
import type { Log, Stop } from "../stop.ts";

export const swallowedByCleanup: Stop = {
  file: "01-swallowed-by-cleanup",
  title: "The cancellation that is lost in the cleanup",
  claim:
    "An AbortSignal strikes once: what the cleanup awaits after that takes as long as it likes, and nothing is left that " +
    "could stop it. In Espalier a cancelled block stays cancelled: such a cleanup ends at once, unless it asks for time " +
    "and says how much.",
  parts: [
    { world: "plain", code: "plain", run: inPlainPromises },
    { world: "espalier", code: "espalier", run: inEspalier },
    {
      world: "espalier",
      caption: "with a cleanup that asks for a second",
      code: "bounded",
      run: inEspalierForASecond,
    },
  ],
};

async function inPlainPromises(log: Log): Promise<string[]> {
  // #region plain
  async function work(signal: AbortSignal) {
    try {
      await setTimeout(60_000, undefined, { signal });
    } finally {
      await setTimeout(5000);
      log("slept for 5 s");
    }
  }
  const controller = new AbortController();
  const working = work(controller.signal);
  controller.abort();
  log("cancelled");
  // #endregion
  await working.catch(() => undefined);
  log("the task has ended");
  return objectionsTo(log, 0);
}

async function inEspalier(log: Log): Promise<string[]> {
  // #region espalier
  await openNursery(async (nursery) => {
    await nursery.start<void>(async (started) => {
      try {
        started();
        await sleep(60_000);
      } finally {
        await sleep(5000);
        log("slept for 5 s");
      }
    });
    nursery.cancelScope.cancel();
    log("cancelled");
  });
  // #endregion
  log("the task has ended");
  return objectionsTo(log, 0);
}

async function inEspalierForASecond(log: Log): Promise<string[]> {
  await openNursery(async (nursery) => {
    await nursery.start<void>(async (started) => {
      // #region bounded
      try {
        started();
        await sleep(60_000);
      } finally {
        await moveOnAfter(1000, () => sleep(5000), { shield: true });
        log("slept for 1 s?");
        await sleep(5000);
        log("slept for 5 s?");
      }
      // #endregion
    });
    nursery.cancelScope.cancel();
    log("cancelled");
  });
  log("the task has ended");
  const objections = objectionsTo(log, 1000);
  if (log.at("slept for 1 s?") === undefined)
    objections.push(
      "The code after the bounded sleep was not reached.",
    );
  if (log.at("slept for 5 s?") !== undefined)
    objections.push("The cleanup went on after its second.");
  return objections;
}

/** The cleanup should take as long as it asked for, give or take what a busy machine needs. */
function objectionsTo(log: Log, askedForMs: number): string[] {
  const ms = log.at("the task has ended")! - log.at("cancelled")!;
  if (ms > askedForMs + 2000)
    return [`The cleanup held everything up for ${seconds(ms)}.`];
  if (ms < askedForMs - 10)
    return [`The cleanup was cut short after ${seconds(ms)}.`];
  return [];
}

import { currentSignal, moveOnAfter } from "@espalier/cancel-scope";
import { sleep } from "@espalier/core";
import { setTimeout } from "node:timers/promises";
import { SilentInbox } from "../props/silent-inbox.ts";
import { seconds } from "../screen.ts";
import type { Log, Stop } from "../stop.ts";
import { settlesWithin } from "../watch.ts";

export const broadCatch: Stop = {
  file: "03-broad-catch",
  title: "The catch that is too broad",
  claim:
    "A loop that catches every error, because networks fail, catches its own cancellation too and never ends. In Espalier " +
    "the same catch gains nothing: the next thing that the loop awaits raises the cancellation again.",
  parts: [
    { world: "plain", code: "plain", run: inPlainPromises },
    { world: "espalier", code: "espalier", run: inEspalier },
  ],
};

const limitMs = 200;
const watchedMs = 1000;

async function inPlainPromises(log: Log): Promise<string[]> {
  await using inbox = await SilentInbox.open();
  // #region plain
  async function poll(signal: AbortSignal) {
    while (true) {
      try {
        log(await inbox.next(signal));
      } catch (error) {
        log(`caught: ${error}`);
        await setTimeout(200); // then try again
      }
    }
  }
  const polling = poll(AbortSignal.timeout(200));
  // #endregion
  const ended = await settlesWithin(watchedMs, polling);
  return objectionsTo(log, ended);
}

async function inEspalier(log: Log): Promise<string[]> {
  await using inbox = await SilentInbox.open();
  // #region espalier
  async function poll() {
    while (true) {
      try {
        log(await inbox.next(currentSignal()));
      } catch (error) {
        log(`caught: ${error}`);
        await sleep(200); // then try again
      }
    }
  }
  const polling = moveOnAfter(200, poll);
  // #endregion
  const ended = await settlesWithin(watchedMs, polling);
  return objectionsTo(log, ended);
}

function objectionsTo(log: Log, ended: boolean): string[] {
  const ms = log(
    ended
      ? "the loop has ended"
      : "the loop still runs; no longer watched",
  );
  const late = ms - limitMs;
  return ended
    ? []
    : [
        `It went on for ${seconds(late)} after its cancellation, and would for ever.`,
      ];
}

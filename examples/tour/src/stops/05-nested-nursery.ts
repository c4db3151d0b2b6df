import { sleep, sleepForever } from "@espalier/core";
import { openNursery } from "@espalier/nursery";
import { setTimeout as delay } from "node:timers/promises";
import type { Log, Stop } from "../stop.ts";

export const nestedNursery: Stop = {
  file: "05-nested-nursery",
  title: "Ending one part, and not the whole",
  claim:
    "To end one session of a server its signal is aborted; but an aborted promise is a failed promise, so the server fails " +
    "with it, and its other work goes on without an owner. In Espalier a nursery inside a nursery can be cancelled by " +
    "itself: what is in it ends, and everything around it goes on.",
  parts: [
    { world: "plain", code: "plain", run: inPlainPromises },
    { world: "espalier", code: "espalier", run: inEspalier },
  ],
};

const beats = 4;

async function inPlainPromises(log: Log): Promise<string[]> {
  const heartbeat = async (signal: AbortSignal): Promise<void> => {
    for (let beat = 1; beat <= beats; beat++) {
      await delay(100, undefined, { signal });
      log(`heartbeat ${beat}`);
    }
  };
  const transfer = async (
    name: string,
    signal: AbortSignal,
  ): Promise<void> => {
    try {
      await delay(60_000, undefined, { signal });
    } finally {
      log(`${name} ended`);
    }
  };
  const download = (signal: AbortSignal): Promise<void> =>
    transfer("download", signal);
  const upload = (signal: AbortSignal): Promise<void> =>
    transfer("upload", signal);
  // #region plain
  async function serve() {
    const server = new AbortController();
    const session = new AbortController();
    const both = AbortSignal.any([server.signal, session.signal]);
    setTimeout(() => session.abort(), 150);
    await Promise.all([
      heartbeat(server.signal),
      Promise.all([download(both), upload(both)]),
    ]);
  }
  // #endregion
  return objectionsTo(serve, log);
}

async function inEspalier(log: Log): Promise<string[]> {
  const heartbeat = async (): Promise<void> => {
    for (let beat = 1; beat <= beats; beat++) {
      await sleep(100);
      log(`heartbeat ${beat}`);
    }
  };
  const transfer = async (name: string): Promise<void> => {
    try {
      await sleepForever();
    } finally {
      log(`${name} ended`);
    }
  };
  const download = (): Promise<void> => transfer("download");
  const upload = (): Promise<void> => transfer("upload");
  // #region espalier
  async function serve() {
    await openNursery(async (server) => {
      server.startSoon(heartbeat);
      await openNursery(async (session) => {
        session.startSoon(download);
        session.startSoon(upload);
        await sleep(150);
        session.cancelScope.cancel();
      });
    });
  }
  // #endregion
  return objectionsTo(serve, log);
}

/** Runs the server, and looks at what happens when it has ended. */
async function objectionsTo(
  serve: () => Promise<void>,
  log: Log,
): Promise<string[]> {
  const objections: string[] = [];
  let end: number;
  try {
    await serve();
    end = log("the server has ended well");
  } catch (error) {
    end = log(`the server has failed: ${String(error)}`);
    objections.push("Ending the session made the server fail.");
  }
  await delay(400);
  if ((log.at(`heartbeat ${beats}`) ?? Infinity) > end)
    objections.push(
      "The heartbeat was still going when the server had ended.",
    );
  for (const name of ["download", "upload"]) {
    if ((log.at(`${name} ended`) ?? Infinity) > 1500)
      objections.push(`The ${name} was not ended.`);
  }
  return objections;
}

import {
  failAfter,
  shielded,
  withSignal,
} from "@espalier/cancel-scope";
import { sleep, sleepForever } from "@espalier/core";
import { flattenErrors, openNursery } from "@espalier/nursery";
import { setTimeout } from "node:timers/promises";
import { Client } from "../props/client.ts";
import { SilentServer } from "../props/silent-server.ts";
import { seconds } from "../screen.ts";
import type { Log, Stop } from "../stop.ts";
import { settlesWithin } from "../watch.ts";

export const silentPeer: Stop = {
  file: "02-silent-peer",
  title: "The peer that stops answering",
  claim:
    "A client sees that its server has gone silent and gives up, but its cleanup says goodbye and waits for the " +
    "acknowledgement: it hangs for ever. In Espalier the goodbye gets half a second; then the connection is closed, " +
    "whatever the server does.",
  parts: [
    { world: "plain", code: "plain", run: inPlainPromises },
    { world: "espalier", code: "espalier", run: inEspalier },
  ],
};

const watchedMs = 1500;

async function inPlainPromises(log: Log): Promise<string[]> {
  await using server = await SilentServer.listen();
  // #region plain
  async function session() {
    const client = await Client.connect(server.port);
    const controller = new AbortController();
    const { signal } = controller;
    async function keepAlive() {
      while (true) {
        await setTimeout(100);
        await client.ask("PING", AbortSignal.timeout(300));
      }
    }
    keepAlive().catch(() => controller.abort());
    try {
      await client.ask("IDENTIFY", signal);
      await listen(signal);
    } finally {
      await client.ask("QUIT");
      client.close();
    }
  }
  // #endregion
  async function listen(signal: AbortSignal): Promise<void> {
    server.fallSilent();
    log("connected; now the server falls silent");
    try {
      await setTimeout(60_000, undefined, { signal });
    } finally {
      log("PING was not answered: giving up");
    }
  }

  const ended = await settlesWithin(400 + watchedMs, session());
  if (ended) return objectionsTo(log, server);
  log("still waiting for the answer to QUIT; no longer watched");
  return ["It hangs in its cleanup, and the connection stays open."];
}

async function inEspalier(log: Log): Promise<string[]> {
  await using server = await SilentServer.listen();
  // #region espalier
  async function session() {
    using client = await Client.connect(server.port);
    const ask = (line: string) =>
      withSignal((signal) => client.ask(line, signal));
    async function keepAlive() {
      while (true) {
        await sleep(100);
        await failAfter(300, () => ask("PING"));
      }
    }
    await openNursery(async (nursery) => {
      nursery.startSoon(keepAlive);
      try {
        await ask("IDENTIFY");
        await listen();
      } finally {
        await shielded(() => ask("QUIT"), { graceMs: 500 });
      }
    });
  }
  // #endregion
  async function listen(): Promise<void> {
    server.fallSilent();
    log("connected; now the server falls silent");
    try {
      await sleepForever();
    } finally {
      log("PING was not answered: giving up");
    }
  }

  try {
    await session();
  } catch (error) {
    for (const each of flattenErrors(error))
      log(`the caller is told: ${String(each)}`);
  }
  return objectionsTo(log, server);
}

async function objectionsTo(
  log: Log,
  server: SilentServer,
): Promise<string[]> {
  log("the session has ended");
  const objections: string[] = [];
  const ms =
    log.at("the session has ended")! -
    log.at("PING was not answered: giving up")!;
  if (ms > 2500)
    objections.push(
      `The goodbye took ${seconds(ms)}, it had half a second.`,
    );
  if (ms < 490)
    objections.push(`The goodbye was cut short after ${seconds(ms)}.`);
  for (let i = 0; i < 50 && server.connections > 0; i++)
    await setTimeout(20);
  log(`the server has ${server.connections} connections`);
  if (server.connections > 0)
    objections.push("The connection is still open.");
  return objections;
}

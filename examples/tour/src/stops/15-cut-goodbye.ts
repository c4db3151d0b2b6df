import { moveOnAfter } from "@espalier/cancel-scope";
import { sleepForever } from "@espalier/core";
import { openNursery } from "@espalier/nursery";
import {
  serveTcp,
  type SocketListener,
  type SocketStream,
} from "@espalier/stream";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { DeafPeer } from "../props/deaf-peer.ts";
import { seconds } from "../screen.ts";
import type { Log, Stop } from "../stop.ts";
import { settlesWithin } from "../watch.ts";

export const cutGoodbye: Stop = {
  file: "15-cut-goodbye",
  title: "The goodbye that nobody hears",
  claim:
    "A server that says goodbye to its clients before it stops waits for the one that does not read, and never stops. In " +
    "Espalier the goodbye is given half a second, also while everything is being cancelled; then the connection is cut.",
  parts: [
    { world: "plain", code: "plain", run: inPlainSockets },
    { world: "espalier", code: "espalier", run: inEspalier },
  ],
};

const watchedMs = 1500;
/** Longer than what the kernel takes for a peer that does not read. */
const lastWords = new Uint8Array(20_000_000);

async function inPlainSockets(log: Log): Promise<string[]> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    socket.on("error", () => {});
    sockets.add(socket);
  });
  // #region plain
  async function stop() {
    for (const socket of sockets) socket.end(lastWords);
    server.close();
    await once(server, "close");
  }
  // #endregion
  await once(server.listen(0, "127.0.0.1"), "listening");
  try {
    const { port } = server.address() as AddressInfo;
    using _peer = await DeafPeer.connect(port);
    while (sockets.size === 0) await once(server, "connection");
    log("connected; now the server stops");
    const stopped = stop();
    if (await settlesWithin(watchedMs, stopped)) {
      log("the server has stopped");
      return [];
    }
    log("it waits for its client; no longer watched");
    return ["It never stops: one client does not hear its goodbye."];
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

async function inEspalier(log: Log): Promise<string[]> {
  let connected = 0;
  const peers: DeafPeer[] = [];
  // #region espalier
  async function serve(stream: SocketStream) {
    try {
      await converse(stream);
    } finally {
      await moveOnAfter(500, () => stream.sendAll(lastWords), {
        shield: true,
      });
    }
  }
  // #endregion
  async function converse(_stream: SocketStream): Promise<void> {
    connected++;
    await sleepForever();
  }

  await openNursery(async (nursery) => {
    const [listener] = await nursery.start<SocketListener[]>(
      (started) =>
        serveTcp(serve, { port: 0, host: "127.0.0.1", started }),
    );
    // It stays until the server has stopped: its going would end the goodbye.
    peers.push(await DeafPeer.connect(listener!.port!));
    while (connected === 0) await new Promise(setImmediate);
    log("connected; now the server stops");
    nursery.cancelScope.cancel();
  });
  const ms =
    log("the server has stopped") -
    log.at("connected; now the server stops")!;
  for (const peer of peers) peer[Symbol.dispose]();
  if (ms > 2500)
    return [`It took ${seconds(ms)} to stop, it had half a second.`];
  if (ms < 490)
    return [`The goodbye was cut short after ${seconds(ms)}.`];
  return [];
}

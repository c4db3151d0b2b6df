import { sleep } from "@espalier/core";
import { openNursery } from "@espalier/nursery";
import {
  serveTcp,
  type SocketListener,
  type SocketStream,
} from "@espalier/stream";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { setTimeout } from "node:timers/promises";
import { DeafPeer } from "../props/deaf-peer.ts";
import { heldMemory, megabytes } from "../props/memory.ts";
import type { Log, Stop } from "../stop.ts";

export const slowReader: Stop = {
  file: "14-slow-reader",
  title: "The reader that does not read",
  claim:
    "What is written to a socket whose peer does not read is kept in memory, because nobody looks at what write() returns. In " +
    "Espalier the send waits until the kernel has taken the bytes: the producer is as slow as its reader, and the memory flat.",
  parts: [
    { world: "plain", code: "plain", run: inPlainSockets },
    { world: "espalier", code: "espalier", run: inEspalier },
  ],
};

const count = 400;
const watchedMs = 500;

async function inPlainSockets(log: Log): Promise<string[]> {
  const before = await heldMemory();
  let made = 0;
  const picture = (): Uint8Array => {
    made++;
    return new Uint8Array(250_000).fill(1);
  };
  const sockets: Socket[] = [];
  // #region plain
  async function sendPictures(socket: Socket) {
    for (let i = 0; i < count; i++) {
      socket.write(picture());
      await setTimeout(0);
    }
  }
  // #endregion
  const server = createServer((socket) => {
    sockets.push(socket.on("error", () => {}));
    void sendPictures(socket);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  try {
    const { port } = server.address() as AddressInfo;
    using _peer = await DeafPeer.connect(port);
    for (let i = 0; i < 100 && made < count; i++) await setTimeout(20);
    return await objectionsTo(made, before, log);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

async function inEspalier(log: Log): Promise<string[]> {
  const before = await heldMemory();
  let made = 0;
  const picture = (): Uint8Array => {
    made++;
    return new Uint8Array(250_000).fill(1);
  };
  // #region espalier
  async function sendPictures(stream: SocketStream) {
    for (let i = 0; i < count; i++) {
      await stream.sendAll(picture());
    }
  }
  // #endregion
  let objections: string[] = [];
  await openNursery(async (nursery) => {
    const [listener] = await nursery.start<SocketListener[]>(
      (started) =>
        serveTcp(sendPictures, { port: 0, host: "127.0.0.1", started }),
    );
    using _peer = await DeafPeer.connect(listener!.port!);
    await sleep(watchedMs);
    objections = await objectionsTo(made, before, log);
    nursery.cancelScope.cancel();
  });
  return objections;
}

async function objectionsTo(
  made: number,
  before: number,
  log: Log,
): Promise<string[]> {
  const grown = (await heldMemory()) - before;
  log(
    `pictures sent, to a peer that reads none: ${made} of ${count}; memory grew by ${megabytes(grown)}`,
  );
  if (grown < 20e6) return [];
  return [`${megabytes(grown)} wait in memory for one peer.`];
}

// An echo server of ours beside one of bare node:net, in the same run: `node dist/echo.js [rounds]`. The clients are bare, and in a
// process of their own, so that what is measured is the server.
import { openNursery } from "@espalier/nursery";
import { serveTcp, type SocketListener } from "@espalier/stream";
import { fork } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { fileURLToPath } from "node:url";

const host = "127.0.0.1";
const measuredMs = 2000;

interface Load {
  readonly port: number;
  readonly connections: number;
  readonly bytes: number;
}

/** Sends a message over each connection, and the next one when its echo has come. Gives the echoes per second. */
async function drive({ port, connections, bytes }: Load): Promise<number> {
  const message = Buffer.alloc(bytes, 1);
  const start = performance.now();
  let echoes = 0;
  const one = (): Promise<void> =>
    new Promise((resolve, reject) => {
      let received = 0;
      const socket = connect({ port, host, noDelay: true }, () => socket.write(message));
      socket.on("error", reject).on("data", (data) => {
        received += data.length;
        if (received < bytes) return;
        received -= bytes;
        echoes++;
        if (performance.now() - start < measuredMs) socket.write(message);
        else {
          socket.destroy();
          resolve();
        }
      });
    });
  await Promise.all(Array.from({ length: connections }, one));
  return (echoes / (performance.now() - start)) * 1000;
}

async function measured(load: Load): Promise<number> {
  const child = fork(fileURLToPath(import.meta.url), ["--drive", JSON.stringify(load)]);
  const [echoes] = (await once(child, "message")) as [number];
  return echoes;
}

async function bare(load: Omit<Load, "port">): Promise<number> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    socket.on("error", () => socket.destroy());
    socket.on("data", (data) => {
      if (socket.write(data)) return;
      socket.pause();
      socket.once("drain", () => socket.resume());
    });
    socket.on("end", () => socket.end());
  });
  await once(server.listen(0, host), "listening");
  try {
    return await measured({ ...load, port: (server.address() as AddressInfo).port });
  } finally {
    server.close();
  }
}

async function ours(load: Omit<Load, "port">): Promise<number> {
  let echoes = 0;
  await openNursery(async (nursery) => {
    const [listener] = await nursery.start<SocketListener[]>((started) =>
      serveTcp(
        async (stream) => {
          for await (const bytes of stream) await stream.sendAll(bytes);
        },
        { port: 0, host, started, onError: () => undefined },
      ),
    );
    echoes = await measured({ ...load, port: listener?.port ?? 0 });
    nursery.cancelScope.cancel();
  });
  return echoes;
}

const [argument, load] = process.argv.slice(2);
if (argument === "--drive") {
  process.send?.(await drive(JSON.parse(load as string) as Load));
  process.disconnect();
} else {
  const rounds = Number(argument ?? 5);
  for (const each of [
    { connections: 64, bytes: 16_384 },
    { connections: 1, bytes: 100 },
  ]) {
    const ratios: number[] = [];
    for (let i = 0; i < rounds; i++) ratios.push((await ours(each)) / (await bare(each)));
    ratios.sort((a, b) => a - b);
    console.log(
      `${each.connections} x ${each.bytes} bytes: ${(ratios[rounds >> 1] as number).toFixed(2)} of bare node:net ` +
        `(${ratios.map((ratio) => ratio.toFixed(2)).join(", ")})`,
    );
  }
}

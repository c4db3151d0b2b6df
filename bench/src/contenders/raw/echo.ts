import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { driveEcho } from "../../drive-echo.ts";
import type { Contender } from "../../workloads/index.ts";
import { type Load, loads } from "../../workloads/echo.ts";

export const echoMany: NonNullable<Contender["echoMany"]> = (size) => echo(size, loads.many);
export const echoOne: NonNullable<Contender["echoOne"]> = (size) => echo(size, loads.one);

/** Bare node:net, with the back-pressure that it asks for. */
async function echo(echoes: number, load: Load): ReturnType<typeof driveEcho> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    socket.on("error", () => socket.destroy());
    socket.on("data", (data) => {
      if (socket.write(data)) return;
      socket.pause();
      socket.once("drain", () => socket.resume());
    });
    socket.on("end", () => socket.end());
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  try {
    return await driveEcho({ ...load, port: (server.address() as AddressInfo).port, echoes });
  } finally {
    server.close();
  }
}

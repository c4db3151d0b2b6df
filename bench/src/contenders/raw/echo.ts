import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { driveEcho } from "../../drive-echo.ts";
import type { Echoed, Load } from "../../workloads/echo.ts";

/** Bare node:net, with the back-pressure that it asks for. */
export async function echo(echoes: number, load: Load): Promise<Echoed> {
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

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

import { describe, expect, it } from "vitest";

import { readDirectly } from "../../src/direct-reading.ts";
import { host } from "../support/connections.ts";
import { onBun, onDeno } from "../support/runtime.ts";

describe("readDirectly", () => {
  // Bun and Deno have sockets of their own making, which are left as they are.
  it.skipIf(onBun || onDeno)(
    "moves the connection out of an accepted socket, which its server counts no more",
    async () => {
      const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen(0, host);
      await once(server, "listening");
      const client = connect((server.address() as AddressInfo).port, host);
      const [accepted] = (await once(server, "connection")) as [Socket];
      const moved = readDirectly(accepted);
      expect(moved).not.toBe(accepted);
      expect(accepted.destroyed).toBe(true);
      expect(moved.remotePort).toBe(client.localPort);

      client.write("bytes");
      moved.resume();
      const [chunk] = (await once(moved, "data")) as [Uint8Array];
      expect(Buffer.from(chunk).toString()).toBe("bytes");
      expect(moved.readableLength).toBe(0);

      server.close();
      await once(server, "close"); // although the moved one is open
      moved.destroy();
      client.destroy();
    },
  );

  it("leaves a socket alone that has no connection any more", () => {
    const socket = connect(9, host);
    socket.on("error", () => undefined);
    socket.destroy();
    expect(readDirectly(socket)).toBe(socket);
  });
});

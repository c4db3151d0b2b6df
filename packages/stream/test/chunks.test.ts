import { Readable } from "node:stream";

import {
  fromNodeReadable,
  openTcpListeners,
  openTcpStream,
  openTlsStream,
  type ReceiveStream,
  type SocketListener,
} from "@espalier/stream";
import { describe, expect, it } from "vitest";

import { encode, readAll } from "./support/bytes.ts";
import { ca } from "./support/certificates.ts";
import { closing, host, tcpPair, withPair, withTlsServer } from "./support/connections.ts";
import { fewTurns } from "./support/outcomes.ts";

/*
 * What receivers are given: plain arrays of bytes, on every runtime and from every stream; theirs for good, whatever is read
 * afterwards.
 */

async function isPlain(stream: ReceiveStream): Promise<boolean> {
  return Object.getPrototypeOf(await stream.receiveSome()) === Uint8Array.prototype;
}

describe("a chunk", () => {
  it("is a plain Uint8Array from a socket, from either end", () =>
    withPair(async (client, server) => {
      await client.sendAll(encode("to"));
      await server.sendAll(encode("fro"));
      expect([await isPlain(client), await isPlain(server)]).toEqual([true, true]);
    }));

  it("is a plain Uint8Array also over TLS", () =>
    withTlsServer(
      (stream) => stream.sendAll(encode("hello")),
      async (port) => {
        const stream = await openTlsStream(host, port, { servername: "localhost", ca: ca });
        await closing([stream], async () => {
          expect(await isPlain(stream)).toBe(true);
        });
      },
    ));

  it("is a plain Uint8Array also from a Readable of Buffers", async () => {
    const stream = fromNodeReadable(Readable.from([Buffer.from("bytes")]));
    await closing([stream], async () => {
      expect(await isPlain(stream)).toBe(true);
    });
  });

  it("is the receiver's own: what another socket reads meanwhile does not touch it", async () => {
    const pairs = await Promise.all(Array.from({ length: 8 }, () => tcpPair()));
    await closing(pairs.flat(), async () => {
      const received: Uint8Array[] = [];
      for (let round = 0; round < 16; round++) {
        for (const [i, [client, server]] of pairs.entries()) {
          const bytes = new Uint8Array(1000 + i).fill(received.length % 251);
          await client.sendAll(bytes);
          for (let missing = bytes.length; missing > 0;) {
            const chunk = (await server.receiveSome()) as Uint8Array;
            missing -= chunk.length;
            if (missing === 0) received.push(chunk);
          }
        }
      }
      expect(received.every((chunk, i) => chunk.every((byte) => byte === i % 251))).toBe(true);
      expect(new Set(received.map((chunk) => chunk.buffer)).size).toBe(received.length);
    });
  });

  it("is not lost when it comes with the connection, before anybody receives", async () => {
    const [listener] = (await openTcpListeners(0, { host })) as [SocketListener];
    await closing([listener], async () => {
      const connecting = openTcpStream(host, listener.port as number);
      const server = await listener.accept();
      await server.sendAll(encode("at once"));
      await server.sendEof();
      const client = await connecting;
      await closing([client, server], async () => {
        await fewTurns();
        expect(await readAll(client)).toBe("at once");
      });
    });
  });
});

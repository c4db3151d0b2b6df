import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { TransformStream } from "node:stream/web";

import {
  BufferedReceiveStream,
  fromNodeDuplex,
  fromWebStream,
  type HalfCloseableStream,
  StapledStream,
  type Stream,
  type TlsStream,
  toNodeDuplex,
  toWebStream,
} from "@espalier/stream";
import { Event } from "@espalier/sync";
import {
  checkHalfCloseableStream,
  checkOneWayStream,
  checkTwoWayStream,
  lockstepStreamPair,
  memoryStreamPair,
} from "@espalier/testing";
import { describe, it } from "vitest";

import { host, tcpPair, tlsOver, tlsPair, unixPair } from "./pairs.ts";

/**
 * TLS over streams that keep nothing, with a gate before the server: it opens when somebody receives, and until then the
 * client's next record is taken by nobody.
 */
async function cloggedTlsPair(): Promise<[TlsStream, Stream]> {
  const [client, server] = lockstepStreamPair();
  const gate = new Event();
  let gateIsUp = true;
  const gated = overriding(server, {
    async receiveSome(max) {
      if (!gateIsUp) await gate.wait();
      return server.receiveSome(max);
    },
  });
  const [secure, peer] = await tlsOver(client, gated);
  await secure.sendAll(new Uint8Array(1)); // both know all there is to know about each other
  await peer.receiveSome();
  gateIsUp = false;
  await secure.sendAll(new Uint8Array(1)); // a read was under way already
  return [
    secure,
    overriding(peer, {
      receiveSome(max) {
        gate.set();
        return peer.receiveSome(max);
      },
    }),
  ];
}

/** A stream with some methods of its own. */
function overriding<S extends Stream>(stream: S, own: Partial<Stream>): Stream {
  return {
    sendAll: (bytes) => stream.sendAll(bytes),
    waitSendAllMightNotBlock: () => stream.waitSendAllMightNotBlock(),
    receiveSome: (max) => stream.receiveSome(max),
    aclose: () => stream.aclose(),
    [Symbol.asyncDispose]: () => stream[Symbol.asyncDispose](),
    [Symbol.asyncIterator]: () => stream[Symbol.asyncIterator](),
    ...own,
  };
}

/** Two connected sockets of Node, as streams of ours; the first one has been written to until it was full. */
async function cloggedNodePair(): Promise<[HalfCloseableStream, HalfCloseableStream]> {
  const server = createServer({ allowHalfOpen: true });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const accepted = once(server, "connection") as Promise<[Socket]>;
  const client = connect({ port: (server.address() as AddressInfo).port, host, allowHalfOpen: true });
  await once(client, "connect");
  const [peer] = await accepted;
  server.close();
  client.write(new Uint8Array(8 * 2 ** 20));
  return [fromNodeDuplex(client), fromNodeDuplex(peer)];
}

describe("keeps the contract of a HalfCloseableStream:", () => {
  it("TCP", () => checkHalfCloseableStream(tcpPair));
  it("a Unix socket", () => checkHalfCloseableStream(unixPair));
  it("a Node Duplex, over TCP", () =>
    checkHalfCloseableStream(async () => {
      const [a, b] = await tcpPair();
      return [fromNodeDuplex(toNodeDuplex(a)), b];
    }, cloggedNodePair));
  it("two streams stapled together", () =>
    checkHalfCloseableStream(() => {
      const [a, b] = memoryStreamPair();
      return [new StapledStream(a, a), new StapledStream(b, b)];
    }));
  it("a stream in lockstep, clogged", () => checkHalfCloseableStream(lockstepStreamPair, lockstepStreamPair));
});

describe("keeps the contract of a Stream:", () => {
  // Bun and Deno have a TLS of their own; the README of the package says where it differs.
  const ownTls = process.versions["bun"] !== undefined || process.versions["deno"] !== undefined;
  it.skipIf(ownTls)("TLS", () => checkTwoWayStream(tlsPair, cloggedTlsPair));
  it.skipIf(ownTls)("TLS without goodbyes", () =>
    checkTwoWayStream(async () => {
      const [client, server] = await tlsPair({ httpsCompatible: true });
      // A client that closes with the server's session tickets unread is reset, and a reset is no end in any mode.
      await server.sendAll(new Uint8Array(1));
      await client.receiveSome();
      return [client, server];
    }),
  );
  it("Web streams, over TCP", () =>
    checkTwoWayStream(
      async () => {
        const [a, b] = await tcpPair();
        return [fromWebStream(toWebStream(a)), b];
      },
      () => {
        const [a, b] = lockstepStreamPair();
        return [fromWebStream(toWebStream(a)), b];
      },
    ));
});

describe("keeps the contract of one direction:", () => {
  it("a TransformStream", () =>
    checkOneWayStream(() => {
      const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
      return [fromWebStream(writable), fromWebStream(readable)];
    }));
  it("a buffered stream", () =>
    checkOneWayStream(async () => {
      const [a, b] = await tcpPair();
      return [a, new BufferedReceiveStream(b)];
    }));
});

import { BrokenResourceError, checkpoint, ClosedResourceError, detached } from "@espalier/core";
import { captureOutcome } from "@espalier/core/lowlevel";
import { openNursery } from "@espalier/nursery";
import {
  acloseForcefully,
  BufferedReceiveStream,
  fromNodeDuplex,
  fromWebStream,
  type HalfCloseableStream,
  type Listener,
  openTcpListeners,
  openTcpStream,
  openTlsStream,
  openUnixListener,
  openUnixStream,
  type ReceiveStream,
  serveTcp,
  serveTls,
  serveUnix,
  type SocketListener,
  StapledStream,
  type Stream,
  TextReceiveStream,
  toNodeDuplex,
  toWebStream,
  wrapTlsServer,
} from "@espalier/stream";
import { eventually, openSockets, turns } from "@espalier/test-support";
import { cancelEverywhere, lockstepStreamPair, memoryStreamPair } from "@espalier/testing";
import { afterAll, describe, expect, it } from "vitest";

import { ca, host, identity, tcpPair, tlsPair, unixPair, unixPath } from "./pairs.ts";

/*
 * Laws 4 to 6 and 9 for streams, in memory and real: programs that are cancelled at every checkpoint in turn, on entry and while
 * they wait. Afterwards no socket may be open that the program closes, nobody may be in line, and no byte lost that was not taken.
 */

interface Program {
  /** What the program finds: made outside of it, and never cancelled. */
  setUp?(): Promise<void>;
  main(): Promise<unknown>;
  check(): unknown;
}

async function cancelledEverywhere(make: () => Program): Promise<void> {
  const before = openSockets();
  let program!: Program;
  const report = await cancelEverywhere(
    async () => {
      program = make();
      await detached(async () => program.setUp?.());
      return async () => {
        await program.main();
        await checkpoint(); // a disposal keeps its Cancelled to itself; here it comes out
      };
    },
    {
      check: () =>
        detached(async () => {
          await program.check();
          await eventually(() => openSockets() <= before, "all sockets are gone");
        }),
      foreignQuietMs: Infinity, // a socket may take its time: no limit may pass meanwhile
      patienceMs: 20_000,
    },
  );
  expect(report.complete).toBe(true);
  expect(report.checkpoints).toBeGreaterThan(2);
}

async function echo(stream: Stream): Promise<void> {
  for await (const chunk of stream) await stream.sendAll(chunk);
}

const text = new TextEncoder();

type MakePair = () => Promise<[Stream, Stream]> | [Stream, Stream];

const pairs: Record<string, MakePair> = {
  "memory streams": memoryStreamPair,
  "memory streams in lockstep": lockstepStreamPair,
  "stapled streams": () => {
    const [a, b] = memoryStreamPair();
    return [new StapledStream(a, a), new StapledStream(b, b)];
  },
  TCP: tcpPair,
  "Unix sockets": unixPair,
  TLS: tlsPair,
  "TLS without goodbyes": () => tlsPair({ httpsCompatible: true }),
  "a Node Duplex": async () => {
    const [a, b] = await tcpPair();
    return [fromNodeDuplex(toNodeDuplex(a)), fromNodeDuplex(toNodeDuplex(b))];
  },
  "Web streams": async () => {
    const [a, b] = await tcpPair();
    return [fromWebStream(toWebStream(a)), fromWebStream(toWebStream(b))];
  },
};
const names = Object.keys(pairs);

function makePair(name: string): Promise<[Stream, Stream]> {
  return detached(async () => (pairs[name] as MakePair)());
}

const closed = { error: expect.any(ClosedResourceError) };

/** Says something, hears it again, and says goodbye. */
async function speak(stream: Stream): Promise<void> {
  await stream.waitSendAllMightNotBlock();
  await stream.sendAll(text.encode("hello"));
  let heard = 0;
  while (heard < 5) heard += (await stream.receiveSome(2))?.length ?? 5;
  await stream.aclose();
}

function conversation(name: string): Program {
  let client: Stream;
  let server: Stream;
  return {
    async setUp() {
      [client, server] = await makePair(name);
    },
    main: () =>
      openNursery((nursery) => {
        // Named before the task begins: also a task that is cancelled at its first step closes its end.
        nursery.startSoon(async () => {
          await using mine = client;
          await speak(mine);
        });
        nursery.startSoon(async () => {
          await using mine = server;
          await echo(mine);
        });
      }),
    async check() {
      for (const end of [client, server]) {
        await end.aclose();
        expect(await captureOutcome(() => end.receiveSome())).toMatchObject(closed);
        expect(await captureOutcome(() => end.sendAll(text.encode("x")))).toMatchObject(closed);
      }
    },
  };
}

/** Takes what comes, a bit in each step; `undefined` at the end. */
type Reader = () => Promise<string | undefined>;

/** What is read, and what the readers make of it. */
const whole = "head, then until|this line\r\nand thät line, the Ünd\ntail";

function receiving(stream: ReceiveStream): Reader {
  const decoder = new TextDecoder();
  return async () => {
    const chunk = await stream.receiveSome(2);
    return chunk && decoder.decode(chunk, { stream: true });
  };
}

function buffered(stream: ReceiveStream): Reader {
  const buffer = new BufferedReceiveStream(stream);
  const lines = buffer.lines();
  const decode = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);
  // Each step gives back what it took, with the delimiter.
  const steps: Reader[] = [
    async () => decode(await buffer.receiveExactly(6)),
    async () => `${decode(await buffer.receiveUntil("|"))}|`,
    async () => `${(await lines.next()).value}\r\n`,
    async () => `${(await lines.next()).value}\n`,
    async () => decode(await buffer.receiveExactly(4)),
    async () => buffer.receiveExactly(1).then((bytes) => bytes && decode(bytes)),
  ];
  let done = 0;
  return async () => {
    const got = await (steps[done] as Reader)();
    if (got !== undefined) done++;
    return got;
  };
}

function decoded(stream: ReceiveStream): Reader {
  const decoding = new TextReceiveStream(stream);
  return () => decoding.receiveSome();
}

/** Reads what somebody else sends who is not cancelled; then the check reads on, and must find the rest. */
function reading(name: string, makeReader: (stream: ReceiveStream) => Reader): Program {
  let receiver: Stream;
  let read: Reader;
  let sent: Promise<void>;
  let got = "";
  const readOn = async (): Promise<void> => {
    for (let piece = await read(); piece !== undefined; piece = await read()) got += piece;
  };
  return {
    async setUp() {
      const [client, server] = await makePair(name);
      receiver = client;
      read = makeReader(client);
      sent = detached(async () => {
        const bytes = text.encode(whole);
        for (let at = 0; at < bytes.length; at += 7) {
          await server.sendAll(bytes.subarray(at, at + 7)); // in the middle of a character, too
          await turns(); // the reader has to wait for the next
        }
        await server.aclose();
      });
    },
    main: readOn,
    async check() {
      await readOn();
      expect(got).toBe(whole);
      await sent;
      await acloseForcefully(receiver);
    },
  };
}

/** What is sent: the largest one is more than a kernel keeps. */
const sizes = [1, 200_000, 4, 3_000_000, 1];
const pattern = Buffer.alloc(
  sizes.reduce((sum, size) => sum + size),
  "one byte of this tells little, all of them their order",
);

/** Sends to somebody who is not cancelled. It is broken afterwards, or has sent what it has said that it did, and no more. */
function sending(name: string): Program {
  // The server of the pair sends: a TLS client that never receives has unread session tickets, and is reset when it closes.
  let receiver: Stream;
  let sender: Stream;
  let received: Promise<void>;
  const chunks: Uint8Array[] = [];
  let sent = 0;
  return {
    async setUp() {
      [receiver, sender] = await makePair(name);
      received = detached(async () => {
        await turns();
        for await (const chunk of receiver) chunks.push(chunk);
      }).catch((error: unknown) => {
        expect(error).toBeInstanceOf(BrokenResourceError); // without a goodbye, after half a message
      });
    },
    async main() {
      for (const size of sizes) {
        await sender.waitSendAllMightNotBlock();
        await sender.sendAll(pattern.subarray(sent, sent + size));
        sent += size;
      }
      await (sender as Partial<HalfCloseableStream>).sendEof?.();
    },
    async check() {
      const after = await captureOutcome(() => sender.waitSendAllMightNotBlock());
      const broken = after.kind === "error" && after.error instanceof BrokenResourceError;
      if (after.kind === "error" && !broken) expect(after).toMatchObject(closed); // by its sendEof
      await sender.aclose();
      await received;
      await acloseForcefully(receiver);
      const got = Buffer.concat(chunks);
      if (!broken) expect(got).toHaveLength(sent);
      expect(got.equals(pattern.subarray(0, got.length))).toBe(true);
    },
  };
}

/** Somebody listens and takes one peer, somebody connects; both are cancelled, also half-way into it. */
function opening(
  listen: () => Promise<Listener>,
  open: (listener: Listener) => Promise<Stream>,
  encrypt?: (accepted: Stream) => Promise<Stream>,
): () => Program {
  return () => ({
    async main() {
      await using listener = await listen();
      await openNursery((nursery) => {
        nursery.startSoon(async () => {
          const accepted = await listener.accept();
          await using peer = encrypt === undefined ? accepted : await encrypt(accepted);
          await echo(peer);
        });
        nursery.startSoon(async () => {
          await using stream = await open(listener);
          await speak(stream);
        });
      });
    },
    check: () => undefined,
  });
}

async function listenOnTcp(): Promise<SocketListener> {
  const [listener] = await openTcpListeners(0, { host });
  return listener as SocketListener;
}

function portOf(listener: Listener | undefined): number {
  return (listener as SocketListener).port as number;
}

type Started = (listeners: SocketListener[]) => void;

/** A server with one place, and two who talk to it. */
function serving(
  serve: (started: Started, onError: () => void) => Promise<never>,
  open: (port: number) => Promise<Stream>,
): () => Program {
  return () => ({
    main: () =>
      openNursery(async (nursery) => {
        const [listener] = await nursery.start<SocketListener[]>((started) =>
          serve(started, () => undefined),
        );
        await openNursery((clients) => {
          for (let i = 0; i < 2; i++) {
            clients.startSoon(async () => {
              await using stream = await open(listener?.port ?? 0);
              await speak(stream);
            });
          }
        });
        nursery.cancelScope.cancel();
      }),
    check: () => undefined,
  });
}

describe("cancelled at every checkpoint", () => {
  it.each(names)("a conversation over %s: both ends are closed, and nobody waits in them", (name) =>
    cancelledEverywhere(() => conversation(name)),
  );

  it.each(names)("receiving over %s: what was not taken is still there", (name) =>
    cancelledEverywhere(() => reading(name, receiving)),
  );

  it.each([
    ["a BufferedReceiveStream", "memory streams in lockstep", buffered],
    ["a BufferedReceiveStream", "TCP", buffered],
    ["a TextReceiveStream", "memory streams in lockstep", decoded],
    ["a TextReceiveStream", "TCP", decoded],
  ] as const)("%s over %s: what was not taken is still there", (_what, name, makeReader) =>
    cancelledEverywhere(() => reading(name, makeReader)),
  );

  it.each(names)("sending over %s: it is broken, or has sent what it said", (name) =>
    cancelledEverywhere(() => sending(name)),
  );

  const [path, remove] = unixPath();

  it.each<[string, () => Program]>([
    ["TCP", opening(listenOnTcp, (listener) => openTcpStream(host, portOf(listener)))],
    [
      "Unix sockets",
      opening(
        () => openUnixListener(path),
        () => openUnixStream(path),
      ),
    ],
    [
      "TLS",
      opening(
        listenOnTcp,
        (listener) => openTlsStream("localhost", portOf(listener), { ca }),
        (accepted) => wrapTlsServer(accepted, identity),
      ),
    ],
  ])("listening, accepting and connecting over %s: no socket is left", (_name, make) =>
    cancelledEverywhere(make),
  );

  it.each<[string, () => Program]>([
    [
      "serveTcp",
      serving(
        (started, onError) => serveTcp(echo, { port: 0, host, maxConnections: 1, started, onError }),
        (port) => openTcpStream(host, port),
      ),
    ],
    [
      "serveUnix",
      serving(
        (started, onError) => serveUnix(echo, { path, maxConnections: 1, started, onError }),
        () => openUnixStream(path),
      ),
    ],
    [
      "serveTls",
      serving(
        (started, onError) =>
          serveTls(echo, { ...identity, port: 0, host, maxConnections: 1, started, onError }),
        (port) => openTlsStream("localhost", port, { ca }),
      ),
    ],
  ])("%s: it ends, and no socket is left", (_name, make) => cancelledEverywhere(make));

  afterAll(remove);
});

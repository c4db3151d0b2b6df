import { connect as connectSocket } from "node:net";
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from "node:tls";

import { moveOnAfter, TooSlowError } from "@espalier/cancel-scope";
import {
  BrokenResourceError,
  BusyResourceError,
  Cancelled,
  ClosedResourceError,
  formatTaskTree,
} from "@espalier/core";
import { openNursery } from "@espalier/nursery";
import {
  acloseForcefully,
  type OpenTlsOptions,
  openTcpStream,
  openTlsStream,
  serveTls,
  type ServeTlsOptions,
  type SocketStream,
  type TlsStream,
  wrapTlsClient,
  wrapTlsServer,
} from "@espalier/stream";
import { eventually } from "@espalier/test-support";
import { describe, expect, it, vi } from "vitest";

import { decode, encode, readAll, readCount } from "./support/bytes.ts";
import { ca, expiredServer, goodServer, otherServer, someClient } from "./support/certificates.ts";
import { closing, echo, host, tcpPair, withTlsServer } from "./support/connections.ts";
import { begin, inCancelledScope, rejection } from "./support/outcomes.ts";
import { onBun, onDeno } from "./support/runtime.ts";

/** Both ends of an encrypted connection of this process with itself. */
async function tlsPair(
  options: { httpsCompatible?: boolean } = {},
): Promise<[client: TlsStream, server: TlsStream, below: [SocketStream, SocketStream]]> {
  const below = await tcpPair();
  const serverSide = wrapTlsServer(below[1], { ...goodServer, ...options });
  const clientSide = wrapTlsClient(below[0], { ca, servername: "localhost", ...options });
  return [await clientSide, await serverSide, below];
}

async function withTlsPair(
  body: (client: TlsStream, server: TlsStream, below: [SocketStream, SocketStream]) => Promise<void>,
  options: { httpsCompatible?: boolean } = {},
): Promise<void> {
  const pair = await tlsPair(options);
  await closing([pair[0], pair[1]], () => body(...pair));
}

async function talk(port: number, options: OpenTlsOptions = {}): Promise<string> {
  const stream = await openTlsStream("localhost", port, { ca, ...options });
  try {
    await stream.sendAll(encode("hello"));
    return decode(await stream.receiveSome()) ?? "";
  } finally {
    await stream.aclose();
  }
}

describe("openTlsStream", () => {
  it("talks to serveTls, with certificate and name checked", () =>
    withTlsServer(echo, async (port) => {
      expect(await talk(port)).toBe("hello");
    }));

  it("talks to Node's own server", async () => {
    const server = createTlsServer({ ...goodServer }, (socket) => {
      socket.on("error", () => undefined).pipe(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    expect(await talk((server.address() as { port: number }).port)).toBe("hello");
    await new Promise((resolve) => server.close(resolve));
  });

  it("checks the certificate against an IP address", () =>
    withTlsServer(echo, async (port) => {
      const stream = await openTlsStream(host, port, { ca });
      await stream.aclose();
    }));

  it.each<[string, Partial<ServeTlsOptions>, OpenTlsOptions]>([
    ["a certificate that nobody vouches for", {}, { ca: [] }],
    ["a certificate for another name", otherServer, { ca }],
    ["a certificate that has expired", expiredServer, { ca }],
    ["a server that has another name than asked for", {}, { ca, servername: "other.example" }],
  ])("does not take %s", (_what, serverOptions, clientOptions) =>
    withTlsServer(
      echo,
      async (port) => {
        const error = await rejection(openTlsStream("localhost", port, clientOptions));
        expect(error).toBeInstanceOf(BrokenResourceError);
        expect(error.cause).toBeInstanceOf(Error);
      },
      { ...serverOptions, onError: () => undefined },
    ),
  );

  it("takes any certificate if it is told to", () =>
    withTlsServer(
      echo,
      async (port) => {
        expect(await talk(port, { ca: [], rejectUnauthorized: false })).toBe("hello");
      },
      otherServer,
    ));

  it("agrees on a protocol (ALPN), asks for a name (SNI), and shows certificate and version", async () => {
    const seen: unknown[] = [];
    await withTlsServer(
      async (stream) => {
        seen.push(stream.alpnProtocol, stream.servername);
        await echo(stream);
      },
      async (port) => {
        const stream = await openTlsStream("localhost", port, { ca, ALPNProtocols: ["irc", "h2"] });
        await closing([stream], async () => {
          expect(stream.alpnProtocol).toBe("h2");
          expect(stream.protocol).toMatch(/^TLSv1\.[23]$/);
          expect(stream.peerCertificate?.subject.CN).toBe("localhost");
          await stream.sendAll(encode("x"));
          await stream.receiveSome();
        });
        expect(stream.protocol === undefined || typeof stream.protocol === "string").toBe(true);
      },
      { ALPNProtocols: ["h2"], onError: () => undefined },
    );
    expect(seen).toEqual(["h2", "localhost"]);
  });

  it("shows a client's certificate, and a server can insist on one", () =>
    withTlsServer(
      async (stream) => {
        await stream.sendAll(encode(stream.peerCertificate?.subject.CN as string));
      },
      async (port) => {
        const stream = await openTlsStream("localhost", port, { ca, ...someClient });
        expect(decode(await stream.receiveSome())).toBe("client");
        await stream.aclose();
        // With TLS 1.3 the client learns that it was refused when it first receives.
        const refused = await rejection(
          (async () => {
            const nobody = await openTlsStream("localhost", port, { ca });
            await closing([nobody], async () => {
              if ((await nobody.receiveSome()) === undefined) throw new Error("ended");
            });
          })(),
        );
        expect(refused).toBeInstanceOf(Error);
      },
      { ca, requestCert: true, rejectUnauthorized: true, onError: () => undefined },
    ));

  it("fails with a peer that does not speak TLS, and one that hangs up", async () => {
    for (const answer of ["SSH-2.0-OpenSSH_9.2\r\n", undefined]) {
      const [client, server] = await tcpPair();
      await closing([server], async () => {
        const failing = rejection(wrapTlsClient(client, { ca, servername: "localhost" }));
        if (answer !== undefined) await server.sendAll(encode(answer));
        else await server.aclose();
        expect(await failing).toBeInstanceOf(BrokenResourceError);
        expect(await rejection(client.receiveSome())).toBeInstanceOf(ClosedResourceError);
      });
    }
  });

  it("fails when the peer ends its half in the middle of the handshake", async () => {
    const [client, server] = await tcpPair();
    await closing([server], async () => {
      const failing = rejection(wrapTlsClient(client, { ca, servername: "localhost" }));
      await server.sendEof();
      expect(await failing).toBeInstanceOf(BrokenResourceError);
    });
  });

  it("closes the connection when it is cancelled in the middle of the handshake", async () => {
    const [client, server] = await tcpPair();
    await closing([server], async () => {
      const call = begin(() => wrapTlsClient(client, { ca, servername: "localhost" }));
      await server.receiveSome();
      call.cancel();
      expect(await call.outcome).toMatchObject({ error: expect.any(Cancelled) });
      const end = await readAll(server).catch(() => "");
      expect(end.length).toBeLessThan(2000);
      expect(await rejection(client.sendAll(encode("x")))).toBeInstanceOf(ClosedResourceError);
    });
  });

  it("does nothing in a cancelled scope, but close the stream that it was given", async () => {
    const [client, server] = await tcpPair();
    await closing([server], async () => {
      expect(await inCancelledScope(() => wrapTlsClient(client, { servername: "x" }))).toMatchObject({
        error: expect.any(Cancelled),
      });
      expect(await server.receiveSome()).toBeUndefined();
    });
  });
});

describe("serveTls", () => {
  // Deno reads the key with the first connection.
  it.skipIf(onDeno)("refuses a key that is none at once, before it listens", async () => {
    const started = vi.fn();
    const error = await rejection(serveTls(echo, { key: "no key", cert: "nothing", port: 0, host, started }));
    expect(error).not.toBeInstanceOf(Cancelled);
    expect(started).not.toHaveBeenCalled();
  });

  it("is not held up by a peer that never finishes the handshake, and hangs up on it", async () => {
    const errors: unknown[] = [];
    await withTlsServer(
      echo,
      async (port) => {
        const silent = await openTcpStream(host, port);
        await closing([silent], async () => {
          expect(await talk(port)).toBe("hello");
          expect(await silent.receiveSome().catch(() => undefined)).toBeUndefined();
        });
      },
      { handshakeTimeoutMs: 300, onError: (error) => errors.push(error) },
    );
    expect(errors).toEqual([expect.any(TooSlowError)]);
  });

  it("lives on when peers speak nonsense or hang up", async () => {
    const errors: unknown[] = [];
    await withTlsServer(
      echo,
      async (port) => {
        for (const words of ["GET / HTTP/1.0\r\n\r\n", ""]) {
          const peer = await openTcpStream(host, port);
          if (words !== "") await peer.sendAll(encode(words));
          await peer.aclose();
        }
        await eventually(() => errors.length === 2, "both handshakes have failed");
        expect(await talk(port)).toBe("hello");
      },
      { onError: (error) => errors.push(error) },
    );
    expect(errors).toEqual([expect.any(BrokenResourceError), expect.any(BrokenResourceError)]);
  });

  it("serves on after handshakes that were given up at any moment", () =>
    withTlsServer(
      echo,
      async (port) => {
        for (let turns = 0; turns < 12; turns++) {
          const call = begin(() => openTlsStream("localhost", port, { ca }));
          for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
          call.cancel();
          const outcome = await call.outcome;
          if (outcome.kind === "value") await acloseForcefully(outcome.value as TlsStream);
          expect(await talk(port)).toBe("hello");
        }
      },
      { onError: () => undefined },
    ));

  it("talks to Node's own client", () =>
    withTlsServer(
      echo,
      async (port) => {
        const socket = connectTls({ port, host: "localhost", ca });
        const answer = await new Promise<string>((resolve, reject) => {
          socket.on("error", reject);
          socket.once("secureConnect", () => socket.write("hello"));
          socket.once("data", (chunk: Buffer) => {
            resolve(chunk.toString());
          });
        });
        socket.on("error", () => undefined).destroy();
        expect(answer).toBe("hello");
      },
      { onError: () => undefined },
    ));
});

/** Talks to the server in a session; gives what the next connection needs to resume it. */
async function visit(port: number, options: OpenTlsOptions): Promise<[session: Buffer, reused: boolean]> {
  const stream = await openTlsStream("localhost", port, { ca, ...options });
  await closing([stream], async () => {
    await stream.sendAll(encode("hello"));
    expect(decode(await stream.receiveSome())).toBe("hello");
    await stream.aclose();
  });
  return [stream.session as Buffer, stream.sessionReused];
}

describe("TlsStream.session", () => {
  // Deno does not tell whether a session was resumed, and takes none up.
  it.skipIf(onDeno).each(["TLSv1.2", "TLSv1.3"] as const)(
    "lets a client come back to serveTls, and to the same server only, with %s",
    async (maxVersion) => {
      const reusedOnServer: boolean[] = [];
      let first!: Buffer;
      const remember = async (stream: TlsStream): Promise<void> => {
        reusedOnServer.push(stream.sessionReused);
        expect(stream.session).toBeUndefined();
        await echo(stream);
      };
      await withTlsServer(remember, async (port) => {
        const [session, reused] = await visit(port, { maxVersion });
        expect(session).toBeInstanceOf(Uint8Array);
        expect(reused).toBe(false);
        expect((await visit(port, { maxVersion, session }))[1]).toBe(true);
        first = session;
      });
      await withTlsServer(remember, async (port) => {
        expect((await visit(port, { maxVersion, session: first }))[1]).toBe(false);
      });
      expect(reusedOnServer).toEqual([false, true, false]);
    },
  );

  // Bun knows no ticketKeys, so that it does not matter there which tickets are whose.
  it.skipIf(onBun || onDeno)("is good also when others are shaking hands at that moment", () =>
    withTlsServer(
      echo,
      async (port) => {
        const silent: SocketStream[] = [];
        await closing(silent, async () => {
          silent.push(await openTcpStream(host, port));
          const [session] = await visit(port, {});
          silent.push(await openTcpStream(host, port));
          expect((await visit(port, { session }))[1]).toBe(true);
        });
      },
      { onError: () => undefined },
    ),
  );

  it.skipIf(onBun || onDeno)("is good for wrapTlsServer if both have the same ticketKeys", async () => {
    const reused: boolean[] = [];
    let session: Buffer | undefined;
    for (const ticketKeys of [Buffer.alloc(48, 1), Buffer.alloc(48, 1), Buffer.alloc(48, 2)]) {
      const below = await tcpPair();
      const serverSide = wrapTlsServer(below[1], { ...goodServer, ticketKeys });
      const client = await wrapTlsClient(below[0], { ca, servername: "localhost", session });
      await closing([client, await serverSide], async () => {
        await (await serverSide).sendAll(encode("x"));
        await client.receiveSome();
        reused.push(client.sessionReused);
        session = client.session;
      });
    }
    expect(reused).toEqual([false, true, false]);
  });
});

describe("TlsStream", () => {
  it("sends and receives large amounts both ways at once", () =>
    withTlsPair(async (client, server) => {
      const amount = 4 * 2 ** 20;
      const counts = await Promise.all([
        client.sendAll(new Uint8Array(amount)).then(() => 0),
        server.sendAll(new Uint8Array(amount)).then(() => 0),
        readCount(client, amount),
        readCount(server, amount),
      ]);
      expect(counts).toEqual([0, 0, amount, amount]);
    }));

  it("ends with the peer's goodbye", () =>
    withTlsPair(async (client, server) => {
      await client.sendAll(encode("last words"));
      const closed = client.aclose();
      expect(await readAll(server)).toBe("last words");
      expect(await server.receiveSome()).toBeUndefined();
      await closed;
    }));

  it.skipIf(onBun || onDeno)(
    "is broken by an end without goodbye (Bun and Deno do not say how a TLS socket ended)",
    () =>
      withTlsPair(async (client, server, below) => {
        await client.sendAll(encode("half of the tr"));
        expect(decode(await server.receiveSome())).toBe("half of the tr");
        await below[0].sendEof(); // somebody cuts the wire
        const error = await rejection(server.receiveSome());
        expect(error).toBeInstanceOf(BrokenResourceError);
        expect(error.message).toContain("close_notify");
        expect(error.message).toContain("httpsCompatible");
        expect(await rejection(server.receiveSome())).toBeInstanceOf(BrokenResourceError);
      }),
  );

  it("takes an end without goodbye for an end with httpsCompatible", () =>
    withTlsPair(
      async (client, server) => {
        // What the server sends by itself after the handshake (session tickets) has to be read first: a system resets a
        // connection that is closed with unread bytes, and a reset is no end in any mode.
        await server.sendAll(encode("ready"));
        expect(decode(await client.receiveSome())).toBe("ready");
        await client.sendAll(encode("all of it"));
        const reading = readAll(server);
        await client.aclose();
        expect(await reading).toBe("all of it");
      },
      { httpsCompatible: true },
    ));

  // Bun ends the whole TLS connection with its sending half.
  it.skipIf(onBun)("ends one half with sendEof", () =>
    withTlsPair(async (client, server) => {
      await client.sendAll(encode("question"));
      await client.sendEof();
      await client.sendEof();
      expect(await readAll(server)).toBe("question");
      expect(await rejection(client.sendAll(encode("x")))).toBeInstanceOf(ClosedResourceError);
      await server.sendAll(encode("answer"));
      expect(decode(await client.receiveSome())).toBe("answer");
    }),
  );

  it("takes no byte when receiving is cancelled, and one task at a time", () =>
    withTlsPair(async (client, server) => {
      const call = begin(() => server.receiveSome());
      expect(await rejection(server.receiveSome())).toBeInstanceOf(BusyResourceError);
      call.cancel();
      expect(await call.outcome).toMatchObject({ error: expect.any(Cancelled) });
      await client.sendAll(encode("x"));
      expect(decode(await server.receiveSome())).toBe("x");
    }));

  // Bun's TLS takes what it is given, however slow the reader is.
  it.skipIf(onBun)(
    "makes the sender wait for a reader that does not read, and is broken when that is cancelled",
    () =>
      withTlsPair(async (client) => {
        const sent = await moveOnAfter(300, async () => {
          for (let i = 0; i < 200; i++) await client.sendAll(new Uint8Array(2 ** 20));
          return "all";
        });
        expect(sent).toBeUndefined();
        expect(await rejection(client.sendAll(encode("x")))).toBeInstanceOf(BrokenResourceError);
        const before = performance.now();
        await client.aclose(); // no goodbye behind half a message
        expect(performance.now() - before).toBeLessThan(3000);
      }),
  );

  it("answers questions about itself also when it is closed", () =>
    withTlsPair(async (client, server) => {
      for (const stream of [client, server]) {
        await stream.aclose();
        expect(stream.protocol === undefined || typeof stream.protocol === "string").toBe(true);
        expect(["object", "undefined"]).toContain(typeof stream.peerCertificate);
        expect([stream.alpnProtocol, stream.sessionReused]).toEqual([undefined, false]);
      }
    }));

  it.each([
    ["a client", (stream: SocketStream) => wrapTlsClient(stream, { servername: "x", ca: 5 as never })],
    ["a server", (stream: SocketStream) => wrapTlsServer(stream, { key: "no key", cert: "no certificate" })],
  ])("leaves nothing open when %s is given options that Node does not take", async (_who, wrap) => {
    const [client, server] = await tcpPair();
    await closing([client, server], async () => {
      await openNursery(async () => {
        expect(await rejection(wrap(client))).toBeInstanceOf(Error);
        expect(formatTaskTree()).not.toContain("handshake");
      });
      expect(await server.receiveSome()).toBeUndefined();
    });
  });

  it("severs the connection when closing is cancelled, and raises afterwards", () =>
    withTlsPair(async (client, server, below) => {
      expect(await inCancelledScope(() => client.aclose())).toMatchObject({ error: expect.any(Cancelled) });
      expect(await rejection(below[0].sendAll(encode("x")))).toBeInstanceOf(ClosedResourceError);
      await server.receiveSome().catch(() => undefined);
      await client.aclose();
      await acloseForcefully(client);
    }));

  it("waits for no answer to its goodbye, and bounds the goodbye to a peer that does not read", () =>
    withTlsPair(async (client, _server, below) => {
      const before = performance.now();
      await client.aclose();
      expect(performance.now() - before).toBeLessThan(2000);
      expect(await rejection(below[0].sendAll(encode("x")))).toBeInstanceOf(ClosedResourceError);
    }));

  it("tells whoever waits in it that it was closed", () =>
    withTlsPair(async (client) => {
      const waiting = rejection(client.receiveSome());
      await client.aclose();
      expect(await waiting).toBeInstanceOf(ClosedResourceError);
    }));

  it("is broken by a reset", () =>
    withTlsServer(
      async (stream) => {
        const error = await rejection(readAll(stream));
        expect(error).toBeInstanceOf(BrokenResourceError);
      },
      async (port) => {
        const raw = connectSocket(port, host);
        const socket: TLSSocket = connectTls({ socket: raw, ca, servername: "localhost" });
        socket.on("error", () => undefined);
        await new Promise<void>((resolve) => socket.once("secureConnect", resolve));
        raw.resetAndDestroy();
        await new Promise((resolve) => setTimeout(resolve, 50));
      },
      { onError: () => undefined },
    ));

  it("runs over another TlsStream", () =>
    withTlsPair(async (client, server) => {
      const serverSide = wrapTlsServer(server, goodServer);
      const inner = await wrapTlsClient(client, { ca, servername: "localhost" });
      const innerServer = await serverSide;
      await inner.sendAll(encode("wrapped twice"));
      expect(decode(await innerServer.receiveSome())).toBe("wrapped twice");
      await inner.aclose();
      await innerServer.aclose();
    }));
});

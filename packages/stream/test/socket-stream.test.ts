import { connect, createServer, type Socket } from "node:net";

import { moveOnAfter } from "@espalier/cancel-scope";
import {
  BrokenResourceError,
  BusyResourceError,
  Cancelled,
  ClosedResourceError,
  formatTaskTree,
} from "@espalier/core";
import { openNursery } from "@espalier/nursery";
import { acloseForcefully, openTcpListeners, openTcpStream, type SocketListener } from "@espalier/stream";
import { eventually } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

import { decode, encode, readAll, readCount } from "./support/bytes.ts";
import { closing, host, tcpPair, withPair } from "./support/connections.ts";
import { begin, fewTurns, inCancelledScope, rejection } from "./support/outcomes.ts";

const mebibyte = new Uint8Array(2 ** 20);

/** Sends until the kernel takes no more and the send waits. */
async function clog(send: (bytes: Uint8Array) => Promise<void>): Promise<ReturnType<typeof begin>> {
  const call = begin(async () => {
    for (;;) await send(mebibyte);
  });
  await new Promise((resolve) => setTimeout(resolve, 50));
  return call;
}

/** A Node socket at the other end, which can do what our streams never would. */
async function bareClient(port: number): Promise<Socket> {
  const socket = connect({ port, host, allowHalfOpen: true });
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  socket.on("error", () => undefined);
  return socket;
}

describe("SocketStream", () => {
  it("sends and receives in order, and ends", () =>
    withPair(async (client, server) => {
      await client.sendAll(encode("one "));
      await client.sendAll(encode("two"));
      await client.sendEof();
      expect(await readAll(server)).toBe("one two");
      expect(await server.receiveSome()).toBeUndefined();
      expect(await server.receiveSome()).toBeUndefined();
      await server.sendAll(encode("answer"));
      await server.aclose();
      expect(await readAll(client)).toBe("answer");
    }));

  it("knows both addresses, also when it is closed", () =>
    withPair(async (client, server) => {
      await client.aclose();
      expect(client.remoteAddress).toEqual(server.localAddress);
      expect(client.localAddress).toEqual(server.remoteAddress);
      expect(client.remoteAddress?.host).toBe(host);
    }));

  it("takes socket options", () =>
    withPair(async (client) => {
      client.setNoDelay(false);
      client.setNoDelay(true);
      client.setKeepAlive(true, 1000);
      await client.sendAll(encode("x"));
    }));

  it("carries a large send through small buffers whole", () =>
    withPair(async (client, server) => {
      const sent = new Uint8Array(8 * 2 ** 20);
      for (let i = 0; i < sent.length; i += 4099) sent[i] = i % 251;
      const sending = client.sendAll(sent).then(() => client.sendEof());
      const parts: Uint8Array[] = [];
      for await (const part of server) parts.push(part);
      await sending;
      expect(Buffer.concat(parts).equals(sent)).toBe(true);
    }));
});

describe("SocketStream.receiveSome", () => {
  it("gives at most max bytes and keeps the rest", () =>
    withPair(async (client, server) => {
      await client.sendAll(encode("abcdef"));
      expect(decode(await server.receiveSome(2))).toBe("ab");
      expect(decode(await server.receiveSome(1))).toBe("c");
      expect(decode(await server.receiveSome())).toBe("def");
    }));

  it.each([0, -1, 1.5, NaN])("rejects a max of %s", (max) =>
    withPair(async (_client, server) => {
      expect(await rejection(server.receiveSome(max))).toBeInstanceOf(RangeError);
    }),
  );

  it("rejects a max that is no number", () =>
    withPair(async (_client, server) => {
      for (const max of ["3", null, {}])
        expect(await rejection(server.receiveSome(max as number))).toBeInstanceOf(TypeError);
    }));

  it("lets one task receive at a time", () =>
    withPair(async (client, server) => {
      const first = server.receiveSome();
      expect(await rejection(server.receiveSome())).toBeInstanceOf(BusyResourceError);
      await client.sendAll(encode("x"));
      expect(decode(await first)).toBe("x");
    }));

  it("takes no byte in a cancelled scope", () =>
    withPair(async (client, server) => {
      await client.sendAll(encode("x"));
      await fewTurns();
      expect(await inCancelledScope(() => server.receiveSome())).toMatchObject({
        error: expect.any(Cancelled),
      });
      expect(decode(await server.receiveSome())).toBe("x");
    }));

  it("takes no byte when it is cancelled while it waits", () =>
    withPair(async (client, server) => {
      const call = begin(() => server.receiveSome());
      await fewTurns();
      call.cancel();
      expect(await call.outcome).toMatchObject({ error: expect.any(Cancelled) });
      await client.sendAll(encode("x"));
      expect(decode(await server.receiveSome())).toBe("x");
    }));

  it("loses nothing however often it is cancelled while bytes come", () =>
    withPair(async (client, server) => {
      const total = 2 * 2 ** 20;
      const sending = (async () => {
        for (let sent = 0; sent < total; sent += 4096) {
          await client.sendAll(new Uint8Array(4096).fill((sent / 4096) % 256));
          if (sent % 65_536 === 0) await fewTurns();
        }
        await client.sendEof();
      })();
      let seen = 0;
      let wrong = 0;
      for (let ended = false; !ended;) {
        await moveOnAfter(1, async () => {
          for (;;) {
            const chunk = await server.receiveSome(1000);
            if (chunk === undefined) {
              ended = true;
              return;
            }
            for (const byte of chunk) if (byte !== Math.floor(seen++ / 4096) % 256) wrong++;
          }
        });
      }
      await sending;
      expect([seen, wrong]).toEqual([total, 0]);
    }));

  it("raises ClosedResourceError when this side closes it, also while it waits", () =>
    withPair(async (client) => {
      const waiting = client.receiveSome();
      const closed = rejection(waiting);
      await client.aclose();
      expect(await closed).toBeInstanceOf(ClosedResourceError);
      expect(await rejection(client.receiveSome())).toBeInstanceOf(ClosedResourceError);
    }));

  it("raises BrokenResourceError when the peer resets, with the cause", async () => {
    const [listener] = (await openTcpListeners(0, { host })) as [SocketListener];
    await closing([listener], async () => {
      const socket = await bareClient(listener.port as number);
      const stream = await listener.accept();
      await closing([stream], async () => {
        const waiting = rejection(stream.receiveSome());
        await fewTurns();
        socket.resetAndDestroy();
        const error = await waiting;
        expect(error).toBeInstanceOf(BrokenResourceError);
        expect((error.cause as { code: string }).code).toBe("ECONNRESET");
        expect(await rejection(stream.receiveSome())).toBeInstanceOf(BrokenResourceError);
        expect(await rejection(stream.sendAll(encode("x")))).toBeInstanceOf(BrokenResourceError);
      });
    });
  });
});

describe("SocketStream.sendAll", () => {
  it("rejects what is not bytes, and says what to do", () =>
    withPair(async (client) => {
      const error = await rejection(client.sendAll("text" as never));
      expect(error).toBeInstanceOf(TypeError);
      expect(error.message).toContain("TextEncoder");
    }));

  it("takes no bytes at all", () =>
    withPair(async (client, server) => {
      await client.sendAll(new Uint8Array(0));
      await client.sendAll(encode("x"));
      expect(decode(await server.receiveSome())).toBe("x");
    }));

  it("waits for a reader that does not read, one task at a time, and is broken when it is cancelled", () =>
    withPair(async (client, server) => {
      const call = await clog((bytes) => client.sendAll(bytes));
      expect(await rejection(client.sendAll(encode("x")))).toBeInstanceOf(BusyResourceError);
      expect(await rejection(client.waitSendAllMightNotBlock())).toBeInstanceOf(BusyResourceError);
      expect(await rejection(client.sendEof())).toBeInstanceOf(BusyResourceError);
      call.cancel();
      expect(await call.outcome).toMatchObject({ error: expect.any(Cancelled) });
      expect(await rejection(client.sendAll(encode("x")))).toBeInstanceOf(BrokenResourceError);
      expect(await rejection(client.sendEof())).toBeInstanceOf(BrokenResourceError);
      // The other direction lives.
      await server.sendAll(encode("still here"));
      expect(decode(await client.receiveSome())).toBe("still here");
      const before = performance.now();
      await client.aclose();
      expect(performance.now() - before).toBeLessThan(4000);
    }));

  it("sends nothing in a cancelled scope, and is not broken by that", () =>
    withPair(async (client, server) => {
      expect(await inCancelledScope(() => client.sendAll(encode("no")))).toMatchObject({
        error: expect.any(Cancelled),
      });
      await client.sendAll(encode("yes"));
      expect(decode(await server.receiveSome())).toBe("yes");
    }));

  it("raises BrokenResourceError when the peer goes away in the middle", () =>
    withPair(async (client, server) => {
      const call = await clog((bytes) => client.sendAll(bytes));
      await acloseForcefully(server);
      expect(await call.outcome).toMatchObject({ error: expect.any(BrokenResourceError) });
    }));

  it("raises ClosedResourceError when this side closes in the middle", () =>
    withPair(async (client) => {
      const call = await clog((bytes) => client.sendAll(bytes));
      await client.aclose();
      expect(await call.outcome).toMatchObject({ error: expect.any(ClosedResourceError) });
      expect(await rejection(client.sendAll(encode("x")))).toBeInstanceOf(ClosedResourceError);
      expect(await rejection(client.sendEof())).toBeInstanceOf(ClosedResourceError);
      expect(await rejection(client.waitSendAllMightNotBlock())).toBeInstanceOf(ClosedResourceError);
    }));

  it("goes on after the peer has ended its half", () =>
    withPair(async (client, server) => {
      await server.sendEof();
      expect(await client.receiveSome()).toBeUndefined();
      await client.sendAll(encode("still "));
      await client.sendAll(encode("talking"));
      await client.sendEof();
      expect(await readAll(server)).toBe("still talking");
    }));
});

describe("SocketStream.sendEof", () => {
  it("can be repeated; sending after it is a mistake", () =>
    withPair(async (client, server) => {
      await client.sendEof();
      await client.sendEof();
      expect(await rejection(client.sendAll(encode("x")))).toBeInstanceOf(ClosedResourceError);
      expect(await rejection(client.waitSendAllMightNotBlock())).toBeInstanceOf(ClosedResourceError);
      expect(await server.receiveSome()).toBeUndefined();
      await server.sendEof();
      expect(await client.receiveSome()).toBeUndefined();
      await fewTurns(); // both halves are over: Node closes the socket by itself
      await client.sendEof();
      expect(await rejection(client.sendAll(encode("x")))).toBeInstanceOf(ClosedResourceError);
      expect(await client.receiveSome()).toBeUndefined();
    }));
});

describe("SocketStream.aclose", () => {
  it("can be repeated, and ends the peer's stream", () =>
    withPair(async (client, server) => {
      await Promise.all([client.aclose(), client.aclose()]);
      await client.aclose();
      await acloseForcefully(client);
      expect(await server.receiveSome()).toBeUndefined();
    }));

  it("delivers what was sent before", () =>
    withPair(async (client, server) => {
      const sending = client.sendAll(new Uint8Array(2 ** 20));
      const counting = readCount(server, Infinity);
      await sending;
      await client.aclose();
      expect(await counting).toBe(2 ** 20);
    }));

  it("closes in a cancelled scope, and raises afterwards; disposal does not raise", async () => {
    for (const close of ["aclose", Symbol.asyncDispose] as const) {
      const [client, server] = await tcpPair();
      await closing([client, server], async () => {
        const outcome = await inCancelledScope(() => client[close]());
        if (close === "aclose") expect(outcome).toMatchObject({ error: expect.any(Cancelled) });
        else expect(outcome.kind).toBe("value");
        expect(await server.receiveSome()).toBeUndefined();
      });
    }
  });
});

describe("SocketListener", () => {
  it("accepts in the order of arrival, keeps who waits, and does not read from them", async () => {
    const [listener] = (await openTcpListeners(0, { host })) as [SocketListener];
    await closing([listener], async () => {
      const clients = [];
      for (const name of ["a", "b", "c"]) {
        const client = await openTcpStream(host, listener.port as number);
        await client.sendAll(encode(name));
        clients.push(client);
      }
      await closing(clients, async () => {
        for (const name of ["a", "b", "c"]) {
          const stream = await listener.accept();
          expect(decode(await stream.receiveSome())).toBe(name);
          await stream.aclose();
        }
      });
    });
  });

  it("takes no connection when accepting is cancelled", async () => {
    const [listener] = (await openTcpListeners(0, { host })) as [SocketListener];
    await closing([listener], async () => {
      const call = begin(() => listener.accept());
      expect(await rejection(listener.accept())).toBeInstanceOf(BusyResourceError);
      call.cancel();
      expect(await call.outcome).toMatchObject({ error: expect.any(Cancelled) });
      const client = await openTcpStream(host, listener.port as number);
      expect(await inCancelledScope(() => listener.accept())).toMatchObject({ error: expect.any(Cancelled) });
      const stream = await listener.accept();
      await closing([client, stream], async () => {
        await client.sendAll(encode("x"));
        expect(decode(await stream.receiveSome())).toBe("x");
      });
    });
  });

  it("frees the port at once when it is closed, and hangs up on those who wait", async () => {
    const [listener] = (await openTcpListeners(0, { host })) as [SocketListener];
    const waiting = await openTcpStream(host, listener.port as number);
    await fewTurns();
    await listener.aclose();
    await listener.aclose();
    expect(await rejection(listener.accept())).toBeInstanceOf(ClosedResourceError);
    const [again] = (await openTcpListeners(listener.port as number, { host })) as [SocketListener];
    await closing([again, waiting], async () => {
      expect(await waiting.receiveSome().catch(() => undefined)).toBeUndefined();
    });
  });

  it("tells whoever is accepting that it was closed, also in a cancelled scope", async () => {
    for (const close of [(listener: SocketListener) => listener.aclose(), acloseForcefully]) {
      const [listener] = (await openTcpListeners(0, { host })) as [SocketListener];
      const accepting = rejection(listener.accept());
      await close(listener);
      expect(await accepting).toBeInstanceOf(ClosedResourceError);
    }
  });

  it("gives out a peer that hung up while it waited, and its first calls tell", async () => {
    const [listener] = (await openTcpListeners(0, { host })) as [SocketListener];
    await closing([listener], async () => {
      const socket = await bareClient(listener.port as number);
      await fewTurns();
      socket.resetAndDestroy();
      await fewTurns();
      const stream = await listener.accept();
      await closing([stream], async () => {
        const error = await rejection(stream.receiveSome());
        expect(error).toBeInstanceOf(BrokenResourceError);
      });
    });
  });
});

describe("openTcpListeners", () => {
  it("says that the port is in use, with the cause", async () => {
    const [listener] = (await openTcpListeners(0, { host })) as [SocketListener];
    await closing([listener], async () => {
      const error = await rejection(openTcpListeners(listener.port as number, { host }));
      expect(error).toBeInstanceOf(BrokenResourceError);
      expect((error.cause as { code: string }).code).toBe("EADDRINUSE");
      expect(error.message).toContain(String(listener.port));
    });
  });

  it("listens on every address without a host", async () => {
    const listeners = await openTcpListeners(0);
    await closing(listeners, async () => {
      expect(listeners).toHaveLength(1);
      const client = await openTcpStream(host, listeners[0]?.port as number);
      await client.aclose();
    });
  });

  it.each([-1, 65_536, 1.5, NaN, "80"])("rejects the port %s", async (port) => {
    expect(await rejection(openTcpListeners(port as number))).toBeInstanceOf(RangeError);
  });

  it("says of a port out of the environment that it is a string", async () => {
    const { message } = (await rejection(openTcpListeners("80" as never))) as Error;
    expect(message).toBe('A port is a whole number from 0 to 65535, not "80", a string: use Number(...).');
  });

  it.each([0, -1, 1.5, NaN, "5"])("rejects a backlog of %s", async (backlog) => {
    expect(await rejection(openTcpListeners(0, { backlog: backlog as number }))).toBeInstanceOf(RangeError);
  });

  it("opens nothing in a cancelled scope", async () => {
    expect(await inCancelledScope(() => openTcpListeners(0))).toMatchObject({ error: expect.any(Cancelled) });
  });

  it("says that the host is not known", async () => {
    const error = await rejection(openTcpListeners(0, { host: "no-such-host.invalid" }));
    expect(error).toBeInstanceOf(BrokenResourceError);
    expect(error.message).toContain("no-such-host.invalid");
  });
});

describe("openTcpStream", () => {
  it("says who refused, with the cause", async () => {
    const [listener] = (await openTcpListeners(0, { host })) as [SocketListener];
    await listener.aclose();
    const error = await rejection(openTcpStream(host, listener.port as number));
    expect(error).toBeInstanceOf(BrokenResourceError);
    expect((error.cause as { code: string }).code).toBe("ECONNREFUSED");
    expect(error.message).toContain(`port ${listener.port}`);
  });

  it("says that the host is not known", async () => {
    const error = await rejection(openTcpStream("no-such-host.invalid", 80));
    expect(error).toBeInstanceOf(BrokenResourceError);
    expect(error.message).toContain("no-such-host.invalid");
  });

  it("says that there is no route", async () => {
    // A multicast address cannot be connected to, on any network.
    const error = await rejection(openTcpStream("255.255.255.255", 80));
    expect(error).toBeInstanceOf(BrokenResourceError);
  });

  it("connects by name", async () => {
    const listeners = await openTcpListeners(0, { host: "localhost" });
    await closing(listeners, async () => {
      const client = await openTcpStream("localhost", listeners[0]?.port as number);
      await client.aclose();
    });
  });

  it("connects from the local address that is asked for", async () => {
    const [client, server] = await tcpPair({ localAddress: "127.0.0.1", keepAlive: true, noDelay: false });
    await closing([client, server], async () => {
      expect(server.remoteAddress?.host).toBe("127.0.0.1");
    });
  });

  it.each([0, -1, 65_536, NaN])("rejects the port %s", async (port) => {
    expect(await rejection(openTcpStream(host, port))).toBeInstanceOf(RangeError);
  });

  it("rejects a local address that is none, and leaves nothing waiting", () =>
    openNursery(async () => {
      const localAddress = "nonsense";
      expect(await rejection(openTcpStream(host, 1, { localAddress }))).toBeInstanceOf(TypeError);
      expect(formatTaskTree()).not.toContain("stream.connect");
    }).then(() => undefined));

  it("tells what was wrong also where that has no text", async () => {
    const textless: never = Object.create(null) as never;
    expect(await rejection(openTcpStream(textless, 80))).toMatchObject({
      message: "A host name or an IP address is needed, not something that has no text.",
    });
    expect(await rejection(openTcpStream(5n as never, 80))).toMatchObject({
      message: "A host name or an IP address is needed, not 5.",
    });
    expect(await rejection(openTcpStream(host, textless))).toBeInstanceOf(RangeError);
    expect(await rejection(openTcpListeners(0, { backlog: textless }))).toBeInstanceOf(RangeError);
    expect(await rejection(openTcpStream(host, 1, { localAddress: Symbol("here") as never }))).toMatchObject({
      message: "localAddress needs an IP address of this machine, not Symbol(here).",
    });
  });

  it("rejects a host that is none, and a negative delay", async () => {
    expect(await rejection(openTcpStream("", 80))).toBeInstanceOf(TypeError);
    expect(await rejection(openTcpStream(undefined as never, 80))).toBeInstanceOf(TypeError);
    expect(await rejection(openTcpStream(host, 80, { happyEyeballsDelayMs: -1 }))).toBeInstanceOf(RangeError);
  });

  it("leaves no connection when it is cancelled", async () => {
    let connections = 0;
    const server = createServer((socket) => {
      connections++;
      socket
        .on("error", () => undefined)
        .on("close", () => connections--)
        .resume();
    });
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    const { port } = server.address() as { port: number };
    expect(await inCancelledScope(() => openTcpStream(host, port))).toMatchObject({
      error: expect.any(Cancelled),
    });
    for (let i = 0; i < 20; i++) {
      const call = begin(() => openTcpStream(host, port).then((stream) => stream.aclose()));
      for (let turn = 0; turn < i % 5; turn++) await new Promise((resolve) => setImmediate(resolve));
      call.cancel();
      await call.outcome;
    }
    await eventually(() => connections === 0, "no connection is left");
    await new Promise((resolve) => server.close(resolve));
  });
});

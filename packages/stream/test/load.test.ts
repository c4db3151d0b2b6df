import { moveOnAfter } from "@espalier/cancel-scope";
import { sleep, taskTree } from "@espalier/core";
import { openNursery } from "@espalier/nursery";
import {
  BufferedReceiveStream,
  LimitExceededError,
  openTcpStream,
  openTlsStream,
  type SocketStream,
  type Stream,
} from "@espalier/stream";
import { eventually, openSockets } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

import { decode, encode, readCount } from "./support/bytes.ts";
import { ca } from "./support/certificates.ts";
import { closing, echo, host, tcpPair, withServer, withTlsServer } from "./support/connections.ts";
import { onBun, onDeno } from "./support/runtime.ts";

function memory(): number {
  globalThis.gc?.();
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
  return onBun || onDeno ? rss : heapUsed + arrayBuffers;
}

const mebibyte = 2 ** 20;

const quiet = { onError: () => undefined };

/** `ESPALIER_LOAD=60` opens and drops 1,000 connections per second for so many seconds, and holds 5,000 at once. */
const loadSeconds = Number(process.env["ESPALIER_LOAD"] ?? 0);

describe("a peer that never reads", () => {
  it("costs no memory, whatever is offered to it", async () => {
    const [client, server] = await tcpPair();
    await closing([client, server], async () => {
      const chunk = new Uint8Array(mebibyte);
      const before = memory();
      let offered = 0;
      let most = 0;
      // 200 MB are offered again and again; the sender waits at what the kernel takes.
      await moveOnAfter(300, async () => {
        for (; offered < 200; offered++) {
          await server.sendAll(chunk);
          most = Math.max(most, memory());
        }
      });
      expect(offered).toBeLessThan(30);
      expect(Math.max(most, memory()) - before).toBeLessThan(20 * mebibyte);
    });
  });

  it("costs no memory on the other side of the wire either: a receiver that does not receive", async () => {
    const [client, server] = await tcpPair();
    await closing([client, server], async () => {
      const first = server.receiveSome(1); // from here on Node's socket flows
      await client.sendAll(new Uint8Array(1));
      await first;
      const before = memory();
      const sent = await moveOnAfter(300, async () => {
        for (let i = 0; i < 200; i++) await client.sendAll(new Uint8Array(mebibyte));
        return "all";
      });
      expect(sent).toBeUndefined();
      expect(memory() - before).toBeLessThan(20 * mebibyte);
    });
  });

  it("gets all of 200 MB when it reads slowly, in flat memory", async () => {
    const [client, server] = await tcpPair();
    await closing([client, server], async () => {
      const chunk = new Uint8Array(mebibyte);
      const before = memory();
      let most = 0;
      let seen = 0;
      await openNursery((nursery) => {
        nursery.startSoon(async () => {
          for (let i = 0; i < 200; i++) await server.sendAll(chunk);
          await server.sendEof();
        });
        nursery.startSoon(async () => {
          let reads = 0;
          for await (const bytes of client) {
            seen += bytes.length;
            if (++reads % 500 !== 0) continue;
            most = Math.max(most, memory());
            await sleep(1);
          }
        });
      });
      expect(seen).toBe(200 * mebibyte);
      expect(most - before).toBeLessThan(80 * mebibyte); // of 200; Deno's collector takes its time
    });
  });
});

describe("a line without end", () => {
  it("ends with a limit error; its connection is closed, and the server lives", async () => {
    const errors: unknown[] = [];
    const lines = async (stream: SocketStream): Promise<void> => {
      for await (const line of new BufferedReceiveStream(stream, { maxBytes: 1000 }).lines())
        await stream.sendAll(encode(`${line}!`));
    };
    await withServer(
      lines,
      async (port) => {
        const evil = await openTcpStream(host, port);
        const good = await openTcpStream(host, port);
        await closing([evil, good], async () => {
          const before = memory();
          await moveOnAfter(5000, async () => {
            try {
              for (;;) await evil.sendAll(new Uint8Array(65_536).fill(0x61));
            } catch {
              // it was hung up on
            }
          });
          await eventually(() => errors.length === 1, "the limit is met");
          expect(memory() - before).toBeLessThan(20 * mebibyte);
          await good.sendAll(encode("hello\r\n"));
          expect(decode(await good.receiveSome())).toBe("hello!");
        });
      },
      { onError: (error) => errors.push(error) },
    );
    expect(errors).toEqual([expect.any(LimitExceededError)]);
  });
});

describe("many connections", () => {
  // Each of them costs two descriptors here: both ends are in this process.
  it(`serves ${loadSeconds > 0 ? "5,000" : "2,000"} at once, and leaves nothing`, async () => {
    const before = openSockets();
    const tasks = taskTree().length;
    const count = loadSeconds > 0 ? 5000 : 2000;
    let answered = 0;
    await withServer(echo, async (port) => {
      const peers: SocketStream[] = [];
      await openNursery(async (nursery) => {
        for (let i = 0; i < count; i++) {
          nursery.startSoon(async () => {
            const peer = await openTcpStream(host, port);
            peers.push(peer);
            await peer.sendAll(encode("hello"));
          });
        }
      });
      expect(peers).toHaveLength(count);
      await closing(peers, async () => {
        for (const peer of peers) if (decode(await peer.receiveSome()) === "hello") answered++;
      });
    });
    expect(answered).toBe(count);
    await eventually(() => openSockets() <= before, "all sockets are gone");
    expect(taskTree().length).toBe(tasks);
  });

  it("is opened and dropped again and again, in every manner, with no leak", async () => {
    const before = openSockets();
    const seen = { handlers: 0, ended: 0 };
    await withServer(
      async (stream) => {
        seen.handlers++;
        try {
          await echo(stream);
        } finally {
          seen.ended++;
        }
      },
      async (port) => {
        const drop = async (i: number): Promise<void> => {
          const peer = await openTcpStream(host, port);
          if (i % 4 === 1) await peer.sendAll(encode("x"));
          if (i % 4 === 2) await peer.sendEof();
          if (i % 4 === 3) await moveOnAfter(1, () => peer.receiveSome());
          await peer.aclose();
        };
        const round = async (count: number): Promise<void> => {
          for (let i = 0; i < count; i += 50)
            await Promise.all(Array.from({ length: 50 }, (_, j) => drop(i + j)));
          await eventually(
            () => seen.handlers === seen.ended && openSockets() <= before + 2,
            "all have ended",
          );
        };
        await round(500); // what is made once has been made
        const start = memory();
        await round(1500);
        expect(memory() - start).toBeLessThan(8 * mebibyte);
      },
      { onError: () => undefined },
    );
    expect(seen).toEqual({ handlers: 2000, ended: 2000 });
    await eventually(() => openSockets() <= before, "all sockets are gone");
  });

  it.runIf(loadSeconds > 0)(
    "are opened and dropped, 1,000 per second, for as long as ESPALIER_LOAD says, with no leak",
    { timeout: (loadSeconds + 60) * 1000 },
    async () => {
      const before = openSockets();
      const tasks = taskTree().length;
      const seen = { opened: 0, late: 0, answers: 0, handlers: 0, ended: 0 };
      await withServer(
        async (stream) => {
          seen.handlers++;
          try {
            await echo(stream);
          } finally {
            seen.ended++;
          }
        },
        async (port) => {
          const drop = async (i: number): Promise<void> => {
            const peer = await openTcpStream(host, port);
            seen.opened++;
            if (i % 2 === 0) await peer.sendAll(encode("x"));
            if (i % 4 === 0 && (await peer.receiveSome()) !== undefined) seen.answers++;
            await peer.aclose();
          };
          const second = async (): Promise<void> => {
            const until = performance.now() + 1000;
            await openNursery(async (nursery) => {
              for (let i = 0; i < 1000; i += 20) {
                for (let j = i; j < i + 20; j++) nursery.startSoon(() => drop(j));
                await sleep(15);
              }
            });
            const rest = until - performance.now();
            if (rest > 0) await sleep(rest);
            else seen.late++;
          };
          await second(); // what is made once has been made
          const start = memory();
          for (let i = 1; i < loadSeconds; i++) await second();
          await eventually(
            () => seen.handlers === seen.ended && openSockets() <= before + 1,
            "all have ended",
          );
          console.log("load:", seen, `memory: ${((memory() - start) / mebibyte).toFixed(1)} MiB more`);
          expect(memory() - start).toBeLessThan(8 * mebibyte);
        },
        { onError: () => undefined },
      );
      expect(seen.opened).toBe(loadSeconds * 1000);
      expect(seen.answers).toBe(loadSeconds * 250);
      await eventually(() => openSockets() <= before, "all sockets are gone");
      expect(taskTree().length).toBe(tasks);
    },
  );

  it.each<
    [string, (body: (port: number) => Promise<void>) => Promise<void>, (port: number) => Promise<Stream>]
  >([
    ["TCP", (body) => withServer(echo, body, quiet), (port) => openTcpStream(host, port)],
    ["TLS", (body) => withTlsServer(echo, body, quiet), (port) => openTlsStream("localhost", port, { ca })],
  ])("over %s leave no socket when the server is cancelled under load", async (_name, serving, open) => {
    const before = openSockets();
    const tasks = taskTree().length;
    let echoes = 0;
    const visit = async (port: number): Promise<void> => {
      const peer = await open(port);
      await closing([peer], async () => {
        for (let i = 0; i < 10; i++) {
          await peer.sendAll(new Uint8Array(16_384));
          if ((await readCount(peer, 16_384)) < 16_384) return;
          echoes++;
        }
      });
    };
    await openNursery(async (clients) => {
      await serving(async (port) => {
        for (let i = 0; i < 100; i++) {
          // Again and again: when the server ends, there are some at every stage.
          clients.startSoon(async () => {
            try {
              for (;;) await visit(port);
            } catch {
              // the server is gone, as it should
            }
          });
        }
        await eventually(() => echoes > 500, "the load is on");
      });
      clients.cancelScope.cancel();
    });
    await eventually(() => openSockets() <= before, "all sockets are gone");
    expect(taskTree().length).toBe(tasks);
  });
});

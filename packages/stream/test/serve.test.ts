import { Server } from "node:net";

import { CancelScope, moveOnAfter } from "@espalier/cancel-scope";
import { BrokenResourceError, Cancelled, detached, run, sleep, sleepForever, taskTree } from "@espalier/core";
import { park } from "@espalier/core/lowlevel";
import { MockClock } from "@espalier/core/testing";
import { NurseryError, openNursery, unwrapSingle } from "@espalier/nursery";
import {
  acloseForcefully,
  type AsyncResource,
  type Listener,
  openTcpListeners,
  openTcpStream,
  serveListeners,
  serveTcp,
  type SocketListener,
  type SocketStream,
} from "@espalier/stream";
import { eventually } from "@espalier/test-support";
import { afterEach, describe, expect, it, vi } from "vitest";

import { decode, encode, readAll } from "./support/bytes.ts";
import { closing, echo, host, withServer } from "./support/connections.ts";
import { fewTurns, inCancelledScope, rejection } from "./support/outcomes.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

async function ask(port: number, text: string): Promise<string> {
  const stream = await openTcpStream(host, port);
  try {
    await stream.sendAll(encode(text));
    await stream.sendEof();
    return await readAll(stream);
  } finally {
    await stream.aclose();
  }
}

/** A resource that only knows whether it was closed. */
class Thing implements AsyncResource {
  closed = false;
  async aclose(): Promise<void> {
    this.closed = true;
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.aclose();
  }
}

/** Gives out what it is told to: a thing, or an error to raise. Then waits. */
class ScriptedListener extends Thing implements Listener<Thing> {
  readonly #script: (Thing | Error)[];
  constructor(script: (Thing | Error)[]) {
    super();
    this.#script = script;
  }
  async accept(): Promise<Thing> {
    const next = this.#script.shift();
    if (next === undefined) return park<Thing>("scripted accept").promise;
    if (next instanceof Error) throw next;
    return next;
  }
}

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

describe("serveTcp", () => {
  it("serves several connections at once", () =>
    withServer(echo, async (port) => {
      const answers = await Promise.all(["a", "b", "c"].map((text) => ask(port, text)));
      expect(answers).toEqual(["a", "b", "c"]);
    }));

  it("closes a connection when its handler has ended", () =>
    withServer(
      async (stream) => {
        await stream.sendAll(encode("bye"));
      },
      async (port) => {
        const stream = await openTcpStream(host, port);
        await closing([stream], async () => {
          expect(await readAll(stream)).toBe("bye");
        });
      },
    ));

  it("survives a handler that fails, prints its error, and closes the connection", async () => {
    const printed = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const bug = new Error("bug");
    await withServer(
      async (stream) => {
        if (decode(await stream.receiveSome()) === "fail") throw bug;
        await stream.sendAll(encode("fine"));
      },
      async (port) => {
        expect(await ask(port, "fail")).toBe("");
        expect(await ask(port, "x")).toBe("fine");
      },
    );
    expect(printed).toHaveBeenCalledOnce();
    expect(printed.mock.calls[0]).toContain(bug);
  });

  it("ends when onError throws: asked for, a failure takes the server down", async () => {
    const bug = new Error("bug");
    const error = await rejection(
      withServer(
        async () => {
          throw bug;
        },
        async (port) => {
          await ask(port, "x").catch(() => undefined);
          await sleepForever();
        },
        {
          onError: (failure) => {
            throw failure;
          },
        },
      ),
    );
    expect(error).toBeInstanceOf(NurseryError);
    expect(unwrapSingle(error)).toBe(bug);
  });

  it("cancels the handlers with it, waits for their cleanup, and leaves no socket", async () => {
    const log: string[] = [];
    let peer!: SocketStream;
    await withServer(
      async (stream) => {
        try {
          await stream.sendAll(encode("hello"));
          await sleepForever();
        } finally {
          log.push("cleaned up");
        }
      },
      async (port) => {
        peer = await openTcpStream(host, port);
        expect(decode(await peer.receiveSome())).toBe("hello");
      },
    );
    expect(log).toEqual(["cleaned up"]);
    await closing([peer], async () => {
      expect(await peer.receiveSome().catch(() => undefined)).toBeUndefined();
    });
  });

  it("refuses new peers from the moment it is cancelled, while handlers still wind down", async () => {
    let port = 0;
    const errors: unknown[] = [];
    await withServer(
      async (stream) => {
        try {
          await stream.sendAll(encode("x"));
          await sleepForever();
        } finally {
          await fewTurns(); // not ours to interrupt
          errors.push(await rejection(tryToConnect(port)));
        }
      },
      async (itsPort) => {
        port = itsPort;
        const peer = await openTcpStream(host, port);
        await peer.receiveSome();
        void acloseForcefully(peer);
      },
    );
    expect(errors).toMatchObject([{ cause: { code: "ECONNREFUSED" } }]);
  });

  it("runs handlers in the nursery that is given, where they outlive it", async () => {
    const log: string[] = [];
    await openNursery(async (handlers) => {
      const scope = new CancelScope();
      const peers: SocketStream[] = [];
      await scope.run(() =>
        withServer(
          async (stream) => {
            log.push(decode(await stream.receiveSome()) ?? "");
            await stream.receiveSome();
            log.push("handler ends");
          },
          async (port) => {
            const peer = await openTcpStream(host, port);
            peers.push(peer);
            await peer.sendAll(encode("hello"));
            await eventually(() => log.length === 1, "the handler runs");
          },
          { handlerNursery: handlers },
        ),
      );
      log.push("server ended");
      await peers[0]?.aclose();
    });
    expect(log).toEqual(["hello", "server ended", "handler ends"]);
  });

  it("fails when the nursery for the handlers is closed, and closes the connection", async () => {
    let closed!: Parameters<Parameters<typeof openNursery>[0]>[0];
    await openNursery((nursery) => {
      closed = nursery;
    });
    const error = await rejection(
      withServer(
        echo,
        async (port) => {
          const peer = await openTcpStream(host, port);
          await peer.receiveSome().catch(() => undefined);
          await peer.aclose();
          await sleepForever();
        },
        { handlerNursery: closed },
      ),
    );
    expect(unwrapSingle(error)).toMatchObject({ name: "MisuseError" });
  });

  it("raises that it cannot listen out of nursery.start", async () => {
    await withServer(echo, async (port) => {
      await openNursery(async (nursery) => {
        const error = await rejection(nursery.start((started) => serveTcp(echo, { port, host, started })));
        expect(error).toBeInstanceOf(BrokenResourceError);
        expect(error).toMatchObject({ cause: { code: "EADDRINUSE" } });
      });
    });
  });

  it("rejects wrong arguments, and leaves the port free", async () => {
    const [listener] = (await openTcpListeners(0, { host })) as [SocketListener];
    const port = listener.port as number;
    await listener.aclose();
    for (const maxConnections of [0, -1, NaN])
      expect(await rejection(serveTcp(echo, { port, host, maxConnections }))).toBeInstanceOf(RangeError);
    expect(await rejection(serveTcp(undefined as never, { port, host }))).toBeInstanceOf(TypeError);
    const [again] = (await openTcpListeners(port, { host })) as [SocketListener];
    await again.aclose();
  });

  it("does nothing in a cancelled scope", async () => {
    expect(await inCancelledScope(() => serveTcp(echo, { port: 0 }))).toMatchObject({
      error: expect.any(Cancelled),
    });
  });

  it("serves as many as maxConnections says, and the others when a place is free", async () => {
    let now = 0;
    let most = 0;
    await withServer(
      async (stream) => {
        most = Math.max(most, ++now);
        await echo(stream);
        now--;
      },
      async (port) => {
        const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => ask(port, `${i}`)));
        expect(answers).toEqual(Array.from({ length: 20 }, (_, i) => `${i}`));
      },
      { maxConnections: 3 },
    );
    expect(most).toBe(3);
  });

  it("lets a listener at which nobody knocks take no place from the others", async () => {
    const listeners = [...(await openTcpListeners(0, { host })), ...(await openTcpListeners(0, { host }))];
    const [quiet, busy] = listeners as [SocketListener, SocketListener];
    let now = 0;
    let most = 0;
    await openNursery(async (nursery) => {
      nursery.startSoon(() =>
        serveListeners<SocketStream, SocketListener>(
          async (stream) => {
            most = Math.max(most, ++now);
            await echo(stream);
            now--;
          },
          listeners,
          { maxConnections: 1 },
        ),
      );
      const ports = [busy, busy, quiet, busy, quiet].map(({ port }) => port as number);
      expect(await Promise.all(ports.map((port, i) => ask(port, `${i}`)))).toEqual(["0", "1", "2", "3", "4"]);
      nursery.cancelScope.cancel();
    });
    expect(most).toBe(1);
  });

  it("hangs up on those who wait for a place when it is cancelled", async () => {
    const waiting: SocketStream[] = [];
    await withServer(
      echo,
      async (port) => {
        for (let i = 0; i < 3; i++) waiting.push(await openTcpStream(host, port));
        await fewTurns();
      },
      { maxConnections: 1 },
    );
    await closing(waiting, async () => {
      for (const peer of waiting) expect(await peer.receiveSome().catch(() => undefined)).toBeUndefined();
    });
  });

  it("frees a place when a handler fails, too", async () => {
    await withServer(
      async (stream) => {
        if (decode(await stream.receiveSome()) !== "x") throw new Error("no");
        await stream.sendAll(encode("yes"));
      },
      async (port) => {
        for (let i = 0; i < 5; i++) expect(await ask(port, "no")).toBe("");
        expect(await ask(port, "x")).toBe("yes");
      },
      { maxConnections: 1, onError: () => undefined },
    );
  });

  it("does not hand the scope of whoever connects, or of the listener, to its handlers", async () => {
    const listeners = (await moveOnAfter(60_000, () => openTcpListeners(0, { host }))) as SocketListener[];
    // The scope in which it was opened is closed by now, and closed scopes are cancelled.
    await openNursery(async (nursery) => {
      nursery.startSoon(() => serveListeners(echo, listeners));
      expect(await ask(listeners[0]?.port as number, "x")).toBe("x");
      nursery.cancelScope.cancel();
    });
  });

  it("names its tasks in the task tree", () =>
    withServer(echo, async (port) => {
      const peer = await openTcpStream(host, port);
      await fewTurns();
      const drawn = JSON.stringify(taskTree());
      await peer.aclose();
      expect(drawn).toContain("listener.accept");
      expect(drawn).toContain("stream.receiveSome");
    }));
});

/** Outside of the scope of the caller, who is cancelled. */
function tryToConnect(port: number): Promise<SocketStream> {
  return detached(() => openTcpStream(host, port));
}

describe("serveListeners", () => {
  it.each(["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"])("logs %s and tries again after 100 ms", async (code) => {
    const printed = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const things = [new Thing(), new Thing()];
    const listener = new ScriptedListener([
      systemError(code),
      things[0] as Thing,
      systemError(code),
      things[1] as Thing,
    ]);
    const clock = new MockClock({ autojumpThresholdMs: 0 });
    const served: number[] = [];
    await run(
      () =>
        openNursery(async (nursery) => {
          nursery.startSoon(() =>
            serveListeners(async () => served.push(clock.now()), [listener], { maxConnections: 1 }),
          );
          await sleep(1000);
          nursery.cancelScope.cancel();
        }),
      { clock },
    );
    expect(served).toHaveLength(2);
    expect(served[0]).toBeGreaterThanOrEqual(100);
    expect((served[1] as number) - (served[0] as number)).toBeGreaterThanOrEqual(100);
    expect(printed).toHaveBeenCalledTimes(2);
    expect(printed.mock.calls[0]?.[0]).toContain(code);
    expect(things.map(({ closed }) => closed)).toEqual([true, true]);
    expect(listener.closed).toBe(true);
  });

  it("ends with any other error of accepting, and closes all listeners", async () => {
    const strange = systemError("EINVAL");
    const listeners = [new ScriptedListener([strange]), new ScriptedListener([])];
    const error = await rejection(serveListeners(async () => undefined, listeners));
    expect(unwrapSingle(error)).toBe(strange);
    expect(listeners.map(({ closed }) => closed)).toEqual([true, true]);
  });

  it("takes the error that a real server emits for one of accepting", async () => {
    const printed = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const servers: Server[] = [];
    const listen = Server.prototype.listen;
    vi.spyOn(Server.prototype, "listen").mockImplementation(function (this: Server, ...args: unknown[]) {
      servers.push(this);
      return listen.apply(this, args as never);
    } as never);
    await withServer(echo, async (port) => {
      servers[0]?.emit("error", systemError("EMFILE"));
      await eventually(() => printed.mock.calls.length === 1, "it is logged");
      expect(await ask(port, "still there")).toBe("still there");
      servers[0]?.emit("error", systemError("EMFILE"));
      servers[0]?.emit("error", systemError("ENFILE"));
      expect(await ask(port, "still there")).toBe("still there");
    });
    expect(servers).toHaveLength(1);
  });
});

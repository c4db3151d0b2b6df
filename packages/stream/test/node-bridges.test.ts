import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { Duplex, PassThrough, Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";

import { CancelScope, moveOnAfter } from "@espalier/cancel-scope";
import { BrokenResourceError, BusyResourceError, Cancelled, ClosedResourceError } from "@espalier/core";
import {
  acloseForcefully,
  fromNodeDuplex,
  fromNodeReadable,
  fromNodeWritable,
  toNodeDuplex,
} from "@espalier/stream";
import { eventually } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

import { decode, encode, readAll, readCount } from "./support/bytes.ts";
import { closing, host, tcpPair, withPair } from "./support/connections.ts";
import { begin, fewTurns, inCancelledScope, rejection } from "./support/outcomes.ts";

/** Takes a write only when `take()` is called. */
class SlowWritable extends Writable {
  readonly taken: string[] = [];
  #pending: (() => void) | undefined = undefined;

  constructor() {
    super({ highWaterMark: 1 });
  }

  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    this.#pending = () => {
      this.taken.push(decode(chunk) as string);
      done();
    };
  }

  take(): void {
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.();
  }
}

describe("fromNodeReadable", () => {
  it("gives all bytes, and the end", async () => {
    const stream = fromNodeReadable(
      Readable.from([Buffer.from("one "), Buffer.from("two")], { objectMode: false }),
    );
    expect(await readAll(stream)).toBe("one two");
    expect(await stream.receiveSome()).toBeUndefined();
    await stream.aclose();
  });

  it("keeps backpressure: the source is not read further than one buffer", async () => {
    let given = 0;
    const source = new Readable({
      read() {
        given += 65_536;
        this.push(Buffer.alloc(65_536));
      },
    });
    const stream = fromNodeReadable(source);
    await stream.receiveSome(1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(given).toBeLessThan(10 * 65_536);
    await stream.aclose();
    expect(source.destroyed).toBe(true);
  });

  it("is broken by the source's error, after what came before", async () => {
    const source = new PassThrough();
    const stream = fromNodeReadable(source);
    source.write("x");
    await fewTurns();
    expect(decode(await stream.receiveSome())).toBe("x");
    const waiting = rejection(stream.receiveSome());
    const bug = new Error("bug");
    source.destroy(bug);
    const error = await waiting;
    expect(error).toBeInstanceOf(BrokenResourceError);
    expect(error.cause).toBe(bug);
    await stream.aclose();
  });

  it("is broken, not ended, when the source is torn down", async () => {
    const source = new PassThrough();
    const stream = fromNodeReadable(source);
    const waiting = rejection(stream.receiveSome());
    source.destroy();
    expect(await waiting).toBeInstanceOf(BrokenResourceError);
  });

  it("takes a source that was over before", async () => {
    const ended = Readable.from([], { objectMode: false });
    ended.resume();
    await once(ended, "close");
    expect(await fromNodeReadable(ended).receiveSome()).toBeUndefined();
    const destroyed = new PassThrough();
    destroyed.on("error", () => undefined).destroy(new Error("gone"));
    await new Promise((resolve) => destroyed.once("close", resolve));
    const error = await rejection(fromNodeReadable(destroyed).receiveSome());
    expect(error).toBeInstanceOf(BrokenResourceError);
    expect((error.cause as Error).message).toBe("gone");
  });

  it("takes no byte when receiving is cancelled", async () => {
    const source = new PassThrough();
    const stream = fromNodeReadable(source);
    const call = begin(() => stream.receiveSome());
    expect(await rejection(stream.receiveSome())).toBeInstanceOf(BusyResourceError);
    call.cancel();
    await call.outcome;
    source.write("x");
    await fewTurns();
    expect(await inCancelledScope(() => stream.receiveSome())).toMatchObject({
      error: expect.any(Cancelled),
    });
    expect(decode(await stream.receiveSome())).toBe("x");
    const closed = rejection(stream.receiveSome());
    await stream.aclose();
    expect(await closed).toBeInstanceOf(ClosedResourceError);
  });

  it("takes object mode, as Readable.from has it, for the bytes and strings that come", async () => {
    const stream = fromNodeReadable(Readable.from([encode("by"), "te", Buffer.from("s")]));
    expect(await readAll(stream)).toBe("bytes");
    await stream.aclose();
  });

  it("breaks at an object that is no bytes, and says so", async () => {
    const readable = Readable.from([encode("a"), { an: "object" }]);
    const stream = fromNodeReadable(readable);
    expect(decode(await stream.receiveSome())).toBe("a");
    const error = await rejection(stream.receiveSome());
    expect(error).toBeInstanceOf(BrokenResourceError);
    expect(error.message).toContain("it gave an object where bytes are wanted");
    expect(readable.destroyed).toBe(true);
  });

  it("rejects what is no Readable", () => {
    expect(() => fromNodeReadable({} as never)).toThrow(TypeError);
    expect(() => fromNodeReadable(null as never)).toThrow("needs a Readable of node:stream, not null.");
    expect(() => fromNodeReadable(undefined as never)).toThrow(
      "needs a Readable of node:stream, not undefined.",
    );
    expect(() => fromNodeReadable({} as never)).toThrow("needs a Readable of node:stream, not an object.");
  });
});

describe("fromNodeWritable", () => {
  it("returns from sendAll when the sink has taken the bytes", async () => {
    const sink = new SlowWritable();
    const stream = fromNodeWritable(sink);
    const call = begin(() => stream.sendAll(encode("x")));
    let returned = false;
    void call.outcome.then(() => (returned = true));
    await fewTurns();
    expect(returned).toBe(false);
    expect(await rejection(stream.sendAll(encode("y")))).toBeInstanceOf(BusyResourceError);
    sink.take();
    expect(await call.outcome).toMatchObject({ kind: "value" });
    expect(sink.taken).toEqual(["x"]);
  });

  it("is broken by a send that is cancelled, and closed without waiting for the sink", async () => {
    const sink = new SlowWritable();
    const stream = fromNodeWritable(sink);
    const call = begin(() => stream.sendAll(encode("x")));
    await fewTurns();
    call.cancel();
    expect(await call.outcome).toMatchObject({ error: expect.any(Cancelled) });
    expect(await rejection(stream.sendAll(encode("y")))).toBeInstanceOf(BrokenResourceError);
    await stream.aclose();
    expect(sink.destroyed).toBe(true);
  });

  it("does not wait for the send of another task when it is closed", async () => {
    const sink = new SlowWritable();
    const stream = fromNodeWritable(sink);
    const sending = rejection(stream.sendAll(encode("x")));
    await fewTurns();
    await stream.aclose();
    expect(await sending).toBeInstanceOf(ClosedResourceError);
    expect(sink.destroyed).toBe(true);
  });

  it("ends the sink when it is closed, and destroys it in a cancelled scope", async () => {
    for (const byForce of [false, true]) {
      const sink = new PassThrough();
      sink.resume();
      let ended = false;
      sink.on("end", () => (ended = true));
      const stream = fromNodeWritable(sink);
      await stream.sendAll(encode("x"));
      if (byForce) await inCancelledScope(() => stream.aclose());
      else await stream.aclose();
      await fewTurns();
      expect(sink.destroyed).toBe(true);
      expect(sink.writableFinished).toBe(!byForce);
      void ended;
    }
  });

  it("does not cut short the end of the sink when it is closed a second time meanwhile, except by force", async () => {
    for (const secondClose of ["aclose", "force"] as const) {
      let flushed: (() => void) | undefined;
      const sink = new Writable({
        write: (_chunk, _encoding, done) => {
          done();
        },
        final: (done) => {
          flushed = done;
        },
      });
      const stream = fromNodeWritable(sink);
      await stream.sendAll(encode("x"));
      const first = stream.aclose();
      await fewTurns();
      const second = secondClose === "force" ? acloseForcefully(stream) : stream.aclose();
      await fewTurns();
      expect(sink.destroyed).toBe(secondClose === "force");
      if (secondClose === "aclose") flushed?.();
      await first;
      await second;
      expect(sink.destroyed).toBe(true);
    }
  });

  it("has nothing to wait for when it sends no bytes, whatever is under way in the sink", async () => {
    const sink = new SlowWritable();
    sink.write("by somebody before");
    const stream = fromNodeWritable(sink);
    await stream.sendAll(new Uint8Array(0));
    await acloseForcefully(stream);
  });

  it("is closed by force although the sink never says that it is destroyed", async () => {
    const sink = new Writable({ destroy: () => undefined });
    const stream = fromNodeWritable(sink);
    await acloseForcefully(stream);
    expect(sink.destroyed).toBe(true);
    expect(await rejection(stream.sendAll(encode("x")))).toBeInstanceOf(ClosedResourceError);
  });

  it("leaves an HTTP request that it has sent whole alone: the answer comes over the same connection", async () => {
    const server = createServer((request, response) => void request.pipe(response));
    await once(server.listen(0, host), "listening");
    try {
      const request = httpRequest({ host, port: (server.address() as AddressInfo).port, method: "POST" });
      const answer = once(request, "response") as Promise<[IncomingMessage]>;
      const sink = fromNodeWritable(request);
      await sink.sendAll(encode("ping "));
      await sink.sendAll(encode("pong"));
      await sink.aclose();
      const [response] = await answer;
      const source = fromNodeReadable(response);
      expect(await readAll(source)).toBe("ping pong");
      await source.aclose();
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });

  it("is broken by the sink's error", async () => {
    const bug = new Error("bug");
    const sink = new Writable({
      write(_chunk, _encoding, done) {
        setImmediate(() => {
          done(bug);
        });
      },
    });
    const stream = fromNodeWritable(sink);
    const error = await rejection(stream.sendAll(encode("x")));
    expect(error).toBeInstanceOf(BrokenResourceError);
    expect(error.cause).toBe(bug);
    expect(await rejection(stream.sendAll(encode("x")))).toBeInstanceOf(BrokenResourceError);
    await stream.aclose();
  });

  it.each(["a string", null, Object.create(null)])("is broken by %o, which is no error", async (thrown) => {
    const sink = new Writable();
    const stream = fromNodeWritable(sink);
    sink.emit("error", thrown);
    expect(await rejection(stream.sendAll(encode("x")))).toBeInstanceOf(BrokenResourceError);
  });

  it("rejects object mode, and what is no Writable", () => {
    expect(() => fromNodeWritable(new PassThrough({ objectMode: true }))).toThrow(TypeError);
    expect(() => fromNodeWritable({} as never)).toThrow(TypeError);
    // such as the stdin of a child process without a pipe
    expect(() => fromNodeWritable(null as never)).toThrow("needs a Writable of node:stream, not null.");
  });
});

describe("fromNodeDuplex", () => {
  it("does both, and ends one half by itself", async () => {
    const [left, right] = duplexPair();
    const [a, b] = [fromNodeDuplex(left), fromNodeDuplex(right)];
    await closing([a, b], async () => {
      await a.sendAll(encode("question"));
      await a.sendEof();
      expect(await readAll(b)).toBe("question");
      await b.sendAll(encode("answer"));
      await b.sendEof();
      expect(await readAll(a)).toBe("answer");
    });
  });

  it("rejects what is written in object mode, and what is no Duplex", () => {
    expect(() => fromNodeDuplex(new PassThrough({ writableObjectMode: true }))).toThrow(TypeError);
    expect(() => fromNodeDuplex(new PassThrough({ readableObjectMode: true }))).not.toThrow();
    expect(() => fromNodeDuplex(new Writable() as never)).toThrow(TypeError);
    expect(() => fromNodeDuplex(null as never)).toThrow("needs a Duplex of node:stream, not null.");
  });
});

describe("pipes of a child", () => {
  it("are streams of ours", async () => {
    const child = spawn(process.execPath, ["-e", "process.stdin.pipe(process.stdout)"], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const [input, output] = [fromNodeWritable(child.stdin), fromNodeReadable(child.stdout)];
    await closing([input, output], async () => {
      await input.sendAll(encode("through the child"));
      await input.aclose();
      expect(await readAll(output)).toBe("through the child");
    });
    if (child.exitCode === null) await once(child, "exit");
  });
});

describe("toNodeDuplex", () => {
  it("goes through Node's pipeline, both ways", () =>
    withPair(async (client, server) => {
      const echoing = (async () => {
        for await (const chunk of server) await server.sendAll(chunk);
        await server.sendEof();
      })();
      const duplex = toNodeDuplex(client);
      let received = 0;
      const amount = 3 * 2 ** 20;
      await pipeline(
        Readable.from(
          (function* () {
            for (let i = 0; i < amount; i += 65_536) yield Buffer.alloc(65_536);
          })(),
          { objectMode: false },
        ),
        duplex,
        new Writable({
          write(chunk: Uint8Array, _encoding, done) {
            received += chunk.length;
            done();
          },
        }),
      );
      await echoing;
      expect(received).toBe(amount);
    }));

  it("keeps backpressure on both sides", () =>
    withPair(async (client) => {
      const duplex = toNodeDuplex(client);
      duplex.on("error", () => undefined);
      let accepted = 0;
      while (duplex.write(Buffer.alloc(65_536)) && accepted < 1000) accepted++;
      expect(accepted).toBeLessThan(10);
      duplex.destroy();
      await once(duplex, "close");
    }));

  it("closes the stream by force when it is destroyed", () =>
    withPair(async (client, server) => {
      const duplex = toNodeDuplex(client);
      duplex.destroy();
      await once(duplex, "close");
      expect(await rejection(client.receiveSome())).toBeInstanceOf(ClosedResourceError);
      expect(await server.receiveSome().catch(() => undefined)).toBeUndefined();
    }));

  it("is destroyed with the error of the stream", async () => {
    const [client, server] = await tcpPair();
    const duplex = toNodeDuplex(client);
    const errors: unknown[] = [];
    duplex.on("error", (error) => errors.push(error));
    duplex.resume();
    await client.aclose();
    await eventually(() => errors.length > 0, "it is destroyed");
    expect(errors).toEqual([expect.any(ClosedResourceError)]);
    await server.aclose();
  });

  it("belongs to the scope in which it was made: cancelled with it", async () => {
    const [client, server] = await tcpPair();
    await closing([client, server], async () => {
      const scope = new CancelScope();
      const errors: unknown[] = [];
      let duplex!: Duplex;
      await scope.run(async () => {
        duplex = toNodeDuplex(client);
        duplex.on("error", (error) => errors.push(error));
        duplex.resume();
        await fewTurns();
        scope.cancel();
      });
      await eventually(() => errors.length > 0, "it is destroyed");
      expect(errors).toEqual([expect.any(Cancelled)]);
    });
  });

  it("is closed with the scope in which it was made, also when nobody uses it then", async () => {
    for (const how of ["cancelled", "left"] as const) {
      const [client, server] = await tcpPair();
      await closing([client, server], async () => {
        const scope = new CancelScope();
        let duplex!: Duplex;
        await scope.run(() => {
          duplex = toNodeDuplex(client); // without a listener for errors: it must not bring the process down
          if (how === "cancelled") scope.cancel();
        });
        expect(await readAll(server)).toBe("");
        expect(duplex.destroyed).toBe(true);
      });
    }
  });

  it("can be wrapped again", () =>
    withPair(async (client, server) => {
      const again = fromNodeDuplex(toNodeDuplex(client));
      await again.sendAll(encode("x"));
      expect(decode(await server.receiveSome())).toBe("x");
      const sending = moveOnAfter(5000, () => server.sendAll(new Uint8Array(2 ** 20)));
      expect(await readCount(again, 2 ** 20)).toBeGreaterThanOrEqual(2 ** 20);
      await sending;
      await again.sendEof();
      expect(await server.receiveSome()).toBeUndefined();
      await again.aclose();
    }));
});

/** Node 20 has no `duplexPair` of its own. */
function duplexPair(): [Duplex, Duplex] {
  const [there, back] = [new PassThrough(), new PassThrough()];
  return [Duplex.from({ readable: back, writable: there }), Duplex.from({ readable: there, writable: back })];
}

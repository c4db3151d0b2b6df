import { ReadableStream, TransformStream, WritableStream } from "node:stream/web";

import { CancelScope } from "@espalier/cancel-scope";
import { BrokenResourceError, BusyResourceError, Cancelled, ClosedResourceError } from "@espalier/core";
import {
  acloseForcefully,
  fromWebStream,
  type HalfCloseableStream,
  StapledStream,
  type Stream,
  toWebStream,
  type WebStreamPair,
} from "@espalier/stream";
import { eventually } from "@espalier/test-support";
import { describe, expect, it } from "vitest";

import { decode, encode, readAll } from "./support/bytes.ts";
import { closing, tcpPair, withPair } from "./support/connections.ts";
import { begin, fewTurns, inCancelledScope, rejection } from "./support/outcomes.ts";

describe("fromWebStream of a ReadableStream", () => {
  it("gives all bytes but no empty chunk, and the end", async () => {
    const stream = fromWebStream(
      new ReadableStream<Uint8Array>({
        start(controller) {
          for (const text of ["one ", "", "two"]) controller.enqueue(encode(text));
          controller.close();
        },
      }),
    );
    expect(decode(await stream.receiveSome(2))).toBe("on");
    expect(decode(await stream.receiveSome())).toBe("e ");
    expect(decode(await stream.receiveSome())).toBe("two");
    expect(await stream.receiveSome()).toBeUndefined();
    expect(await stream.receiveSome()).toBeUndefined();
    await stream.aclose();
  });

  it("reads a Response", async () => {
    const { body } = new Response("line one\nline two");
    expect(await readAll(fromWebStream(body as unknown as ReadableStream<Uint8Array>))).toBe(
      "line one\nline two",
    );
  });

  it("pulls only when somebody receives", async () => {
    let pulled = 0;
    const source = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          pulled++;
          controller.enqueue(encode("x"));
        },
      },
      { highWaterMark: 0 },
    );
    const stream = fromWebStream(source);
    await fewTurns();
    expect(pulled).toBe(0);
    await stream.receiveSome();
    await fewTurns();
    expect(pulled).toBe(1);
    await stream.aclose();
  });

  it("takes no byte when receiving is cancelled: the read goes on, for the next one", async () => {
    let controller!: ReadableStreamDefaultController<Uint8Array>;
    const stream = fromWebStream(
      new ReadableStream<Uint8Array>({
        start(its) {
          controller = its as never;
        },
      }),
    );
    for (let i = 0; i < 3; i++) {
      const call = begin(() => stream.receiveSome());
      await fewTurns();
      if (i === 0) expect(await rejection(stream.receiveSome())).toBeInstanceOf(BusyResourceError);
      call.cancel();
      expect(await call.outcome).toMatchObject({ error: expect.any(Cancelled) });
    }
    controller.enqueue(encode("a"));
    controller.enqueue(encode("b"));
    await fewTurns();
    expect(await inCancelledScope(() => stream.receiveSome())).toMatchObject({
      error: expect.any(Cancelled),
    });
    expect(decode(await stream.receiveSome())).toBe("a");
    expect(decode(await stream.receiveSome())).toBe("b");
  });

  it("cancels the source when it is closed, and tells whoever waits", async () => {
    let cancelled = false;
    const stream = fromWebStream(
      new ReadableStream<Uint8Array>({
        cancel() {
          cancelled = true;
          return new Promise(() => undefined); // it may never answer
        },
      }),
    );
    const waiting = rejection(stream.receiveSome());
    await fewTurns();
    await stream.aclose();
    await stream.aclose();
    expect(cancelled).toBe(true);
    expect(await waiting).toBeInstanceOf(ClosedResourceError);
    expect(await rejection(stream.receiveSome())).toBeInstanceOf(ClosedResourceError);
  });

  it("is broken by the source's error, each time", async () => {
    const bug = new Error("bug");
    const stream = fromWebStream(
      new ReadableStream<Uint8Array>({
        start(controller) {
          controller.error(bug);
        },
      }),
    );
    for (let i = 0; i < 2; i++) {
      const error = await rejection(stream.receiveSome());
      expect(error).toBeInstanceOf(BrokenResourceError);
      expect(error.cause).toBe(bug);
    }
  });

  it("is broken by chunks that are no bytes", async () => {
    const stream = fromWebStream(
      new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue("text" as never);
        },
      }),
    );
    expect(await rejection(stream.receiveSome())).toBeInstanceOf(BrokenResourceError);
  });

  it("rejects what is locked, and what is none", () => {
    const source = new ReadableStream<Uint8Array>();
    source.getReader();
    expect(() => fromWebStream(source)).toThrow(TypeError);
    expect(() => fromWebStream({} as never)).toThrow(TypeError);
    const wanted = "fromWebStream needs a ReadableStream, a WritableStream, or { readable, writable }";
    const noBody = new Response(null).body;
    expect(() => fromWebStream(noBody as never)).toThrow(`${wanted}, not null.`);
    expect(() => fromWebStream(undefined as never)).toThrow(`${wanted}, not undefined.`);
    expect(() => fromWebStream("text" as never)).toThrow(`${wanted}, not a string.`);
  });
});

describe("fromWebStream of a WritableStream", () => {
  it("returns from sendAll when the sink has taken the bytes", async () => {
    let take!: () => void;
    const taken: string[] = [];
    const stream = fromWebStream(
      new WritableStream<Uint8Array>({
        write: (chunk) =>
          new Promise<void>((resolve) => {
            take = () => {
              taken.push(decode(chunk) as string);
              resolve();
            };
          }),
      }),
    );
    let returned = false;
    const sending = stream.sendAll(encode("x")).then(() => (returned = true));
    await fewTurns();
    expect(returned).toBe(false);
    expect(await rejection(stream.sendAll(encode("y")))).toBeInstanceOf(BusyResourceError);
    take();
    await sending;
    expect(taken).toEqual(["x"]);
    await stream.waitSendAllMightNotBlock();
  });

  it("closes the sink; in a cancelled scope it aborts it", async () => {
    for (const byForce of [false, true]) {
      const log: string[] = [];
      const stream = fromWebStream(
        new WritableStream<Uint8Array>({
          close: () => void log.push("closed"),
          abort: () => void log.push("aborted"),
        }),
      );
      if (byForce)
        expect(await inCancelledScope(() => stream.aclose())).toMatchObject({ error: expect.any(Cancelled) });
      else await stream.aclose();
      await stream.aclose();
      await fewTurns();
      expect(log).toEqual([byForce ? "aborted" : "closed"]);
      expect(await rejection(stream.sendAll(encode("x")))).toBeInstanceOf(ClosedResourceError);
    }
  });

  it("is closed by force in the middle of a farewell that takes for ever, and both who close it return", async () => {
    let aborted = false;
    const never = new Promise<void>(() => undefined);
    const stream = fromWebStream(
      new WritableStream<Uint8Array>({
        start(controller) {
          const { signal } = controller as unknown as { readonly signal: AbortSignal };
          signal.addEventListener("abort", () => (aborted = true));
        },
        close: () => never,
      }),
    );
    const first = stream.aclose();
    await fewTurns();
    await acloseForcefully(stream);
    await first;
    expect(aborted).toBe(true);
  });

  it("is broken by a send that is cancelled, and is not waited for when it is closed", async () => {
    const stream = fromWebStream(
      new WritableStream<Uint8Array>({ write: () => new Promise(() => undefined) }),
    );
    const call = begin(() => stream.sendAll(encode("x")));
    await fewTurns();
    call.cancel();
    expect(await call.outcome).toMatchObject({ error: expect.any(Cancelled) });
    expect(await rejection(stream.sendAll(encode("y")))).toBeInstanceOf(BrokenResourceError);
    await stream.aclose();
  });

  it("does not wait for the send of another task when it is closed", async () => {
    const stream = fromWebStream(
      new WritableStream<Uint8Array>({ write: () => new Promise(() => undefined) }),
    );
    const sending = rejection(stream.sendAll(encode("x")));
    await fewTurns();
    await stream.aclose();
    expect(await sending).toBeInstanceOf(ClosedResourceError);
  });

  it("is broken by the sink's error", async () => {
    const bug = new Error("bug");
    const stream = fromWebStream(new WritableStream<Uint8Array>({ write: () => Promise.reject(bug) }));
    const error = await rejection(stream.sendAll(encode("x")));
    expect(error).toBeInstanceOf(BrokenResourceError);
    expect(error.cause).toBe(bug);
    expect(await rejection(stream.sendAll(encode("x")))).toBeInstanceOf(BrokenResourceError);
    await stream.aclose();
  });
});

describe("fromWebStream of a pair", () => {
  it("locks neither when one is locked already", () => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const reader = readable.getReader();
    expect(() => fromWebStream({ readable, writable })).toThrow(TypeError);
    expect(writable.locked).toBe(false);
    reader.releaseLock();
    const writer = writable.getWriter();
    expect(() => fromWebStream({ readable, writable })).toThrow(TypeError);
    expect(readable.locked).toBe(false);
    writer.releaseLock();
  });

  it("goes through a TransformStream", async () => {
    const stream = fromWebStream(new TransformStream<Uint8Array, Uint8Array>());
    expect(stream).toBeInstanceOf(StapledStream);
    const reading = readAll(stream);
    await stream.sendAll(encode("one "));
    await stream.sendAll(encode("two"));
    await stream.sendEof();
    expect(await reading).toBe("one two");
    await stream.aclose();
  });
});

describe("toWebStream", () => {
  it("goes both ways, with its ends", () =>
    withPair(async (client, server) => {
      const { readable, writable } = toWebStream(client);
      const writer = writable.getWriter();
      await writer.write(encode("question"));
      await writer.close();
      expect(await readAll(server)).toBe("question");
      await server.sendAll(encode("answer"));
      await server.sendEof();
      let text = "";
      for await (const chunk of readable) text += decode(chunk as Uint8Array) ?? "";
      expect(text).toBe("answer");
    }));

  it("keeps backpressure both ways", () =>
    withPair(async (client, server) => {
      const { readable, writable } = toWebStream(client);
      const writer = writable.getWriter();
      let taken = 0;
      const writing = (async () => {
        for (; taken < 100; taken++) await writer.write(new Uint8Array(2 ** 20));
      })().catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(taken).toBeLessThan(30);
      let sent = 0;
      const sending = begin(async () => {
        for (; sent < 100; sent++) await server.sendAll(new Uint8Array(2 ** 20));
      });
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(sent).toBeLessThan(30);
      sending.cancel();
      await sending.outcome;
      await readable.cancel();
      await writing;
    }));

  it("closes the stream by force when one side is cancelled or aborted", async () => {
    for (const side of ["readable", "writable"] as const) {
      const [client, server] = await tcpPair();
      await closing([client, server], async () => {
        const pair = toWebStream(client);
        if (side === "readable") await pair.readable.cancel();
        else await pair.writable.abort();
        expect(await rejection(client.receiveSome())).toBeInstanceOf(ClosedResourceError);
      });
    }
  });

  it("belongs to the scope in which it was made", async () => {
    const [client, server] = await tcpPair();
    await closing([client, server], async () => {
      const scope = new CancelScope();
      let error: unknown;
      await scope.run(async () => {
        const reader = toWebStream(client).readable.getReader();
        void reader.read().catch((its: unknown) => (error = its));
        await fewTurns();
        scope.cancel();
      });
      await eventually(() => error !== undefined, "the read fails");
      expect(error).toBeInstanceOf(Cancelled);
    });
  });

  it("closes the stream at once when it is aborted in the middle of a write that waits", () =>
    withPair(async (client, server) => {
      const writer = toWebStream(client).writable.getWriter();
      const writing = rejection(writer.write(new Uint8Array(64 * 2 ** 20))); // nobody reads it
      await fewTurns();
      await writer.abort(new Error("enough")).catch(() => undefined);
      expect(await writing).toBeInstanceOf(ClosedResourceError);
      expect(await rejection(client.receiveSome())).toBeInstanceOf(ClosedResourceError);
      await acloseForcefully(server); // kept to here, unread
    }));

  it("is closed with the scope in which it was made, also when nobody uses it then", async () => {
    for (const how of ["cancelled", "left"] as const) {
      const [client, server] = await tcpPair();
      await closing([client, server], async () => {
        const scope = new CancelScope();
        await scope.run(() => {
          const { readable, writable } = toWebStream(client);
          void readable;
          void writable;
          if (how === "cancelled") scope.cancel();
        });
        expect(await readAll(server)).toBe("");
      });
    }
  });

  it("errors both sides when the scope in which it was made is cancelled", async () => {
    await withPair(async (client) => {
      const scope = new CancelScope();
      let pair!: WebStreamPair;
      await scope.run(() => {
        pair = toWebStream(client);
        scope.cancel();
      });
      expect(await rejection(pair.readable.getReader().closed)).toBeInstanceOf(Cancelled);
      expect(await rejection(pair.writable.getWriter().closed)).toBeInstanceOf(Cancelled);
    });
  });

  it.each(["ended", "failed"])(
    "closes the stream when both sides are over and the writable has %s",
    async (how) => {
      let closed = 0;
      const over: Stream = {
        sendAll: async () => {
          throw new BrokenResourceError("the peer is gone");
        },
        waitSendAllMightNotBlock: async () => undefined,
        receiveSome: async () => undefined,
        aclose: async () => void closed++,
        [Symbol.asyncDispose]: async () => undefined,
        [Symbol.asyncIterator]: () => ({ next: async () => ({ done: true, value: undefined }) }),
      };
      const halfCloseable: HalfCloseableStream = { ...over, sendEof: async () => undefined };
      const { readable, writable } = toWebStream(halfCloseable);
      const writer = writable.getWriter();
      writer.closed.catch(() => undefined);
      if (how === "ended") await writer.close();
      else expect(await rejection(writer.write(encode("x")))).toBeInstanceOf(BrokenResourceError);
      await fewTurns();
      expect(closed).toBe(0); // the other side may still be read
      expect((await readable.getReader().read()).done).toBe(true);
      await fewTurns();
      expect(closed).toBe(1);
    },
  );

  it("can be taken back", () =>
    withPair(async (client, server) => {
      const again = fromWebStream(toWebStream(client));
      await again.sendAll(encode("x"));
      expect(decode(await server.receiveSome())).toBe("x");
      await server.sendAll(encode("y"));
      expect(decode(await again.receiveSome())).toBe("y");
    }));
});

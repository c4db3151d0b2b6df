import { abandonOnCancel, CancelScope, withSignal } from "@espalier/cancel-scope";
import {
  openMemoryChannel,
  openRetryingChannel,
  openWatchChannel,
  receiveCase,
  select,
} from "@espalier/channel";
import { checkpoint, sleep, sleepForever } from "@espalier/core";
import { openNursery } from "@espalier/nursery";
import {
  BufferedReceiveStream,
  fromNodeDuplex,
  fromWebStream,
  openTcpListeners,
  openTcpStream,
  openUnixListener,
  serveListeners,
  serveTcp,
  type SocketListener,
  TextReceiveStream,
  wrapTlsClient,
  wrapTlsServer,
} from "@espalier/stream";
import { Condition, Event } from "@espalier/sync";
import { unhandledDuring } from "@espalier/test-support";
import { lockstepStreamPair, memoryStreamPair } from "@espalier/testing";
import { Duplex } from "node:stream";
import { ReadableStream, WritableStream } from "node:stream/web";
import { describe, expect, it } from "vitest";

import { ca, host, identity, tcpPair, tlsPair, unixPath } from "./stream/pairs.ts";

/*
 * Law 7: what is begun and not awaited does not end the process with an unhandled Cancelled when its scope is left or
 * cancelled around it.
 */

/** Prepares something that has to wait, outside of the scope in which it is forgotten. */
type Prepare = () => Promise<() => unknown>;

const never = (): Promise<never> => new Promise(() => undefined);
const memory = (): ReturnType<typeof memoryStreamPair> => memoryStreamPair();
const neverRead = (): ReadableStream<Uint8Array> => new ReadableStream<Uint8Array>({ pull: never });
const neverWritten = (): WritableStream<Uint8Array> => new WritableStream<Uint8Array>({ write: never });

const operations: Readonly<Record<string, Prepare>> = {
  sleep: async () => () => sleep(60_000),
  abandonOnCancel: async () => () => abandonOnCancel(never()),
  withSignal: async () => () =>
    withSignal(
      (signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => {
            reject(signal.reason as Error);
          });
        }),
    ),
  "event.wait": async () => () => new Event().wait(),
  "condition.wait": async () => {
    const condition = new Condition();
    const guard = await condition.acquire();
    return () => condition.wait(guard);
  },
  "channel.receive": async () => () => openMemoryChannel<number>()[1].receive(),
  select: async () => () => select([receiveCase(openMemoryChannel<number>()[1])]),
  "for await over a channel": async () => () => openMemoryChannel<number>()[1][Symbol.asyncIterator]().next(),
  "for await over a watch": async () => () => openWatchChannel(1)[1][Symbol.asyncIterator]().next(),
  "retrying.process": async () => () => openRetryingChannel<number>()[1].process(() => undefined),
  "memory stream, receive": async () => () => memory()[0].receiveSome(),
  "memory stream, for await": async () => () => memory()[0][Symbol.asyncIterator]().next(),
  "memory stream, send": async () => () => lockstepStreamPair()[0].sendAll(new Uint8Array(1)),
  receiveExactly: async () => () => new BufferedReceiveStream(memory()[0]).receiveExactly(5),
  receiveUntil: async () => () => new BufferedReceiveStream(memory()[0]).receiveUntil("\n"),
  "buffered.receiveSome": async () => () => new BufferedReceiveStream(memory()[0]).receiveSome(),
  lines: async () => () => new BufferedReceiveStream(memory()[0]).lines().next(),
  "text.receiveSome": async () => () => new TextReceiveStream(memory()[0]).receiveSome(),
  "for await over text": async () => () => new TextReceiveStream(memory()[0])[Symbol.asyncIterator]().next(),
  "Web stream, receive": async () => () => fromWebStream(neverRead()).receiveSome(),
  "Web stream, for await": async () => () => fromWebStream(neverRead())[Symbol.asyncIterator]().next(),
  "Web stream, send": async () => () => fromWebStream(neverWritten()).sendAll(new Uint8Array(1)),
  "Web stream, aclose": async () => () =>
    fromWebStream(new WritableStream<Uint8Array>({ close: never })).aclose(),
  "Node stream, receive": async () => () => fromNodeDuplex(new Duplex({ read() {} })).receiveSome(),
  "Node stream, aclose": async () => () =>
    fromNodeDuplex(new Duplex({ read() {}, final: () => undefined, allowHalfOpen: true })).aclose(),
  "socket.receiveSome": async () => {
    const [stream] = await tcpPair();
    return () => stream.receiveSome();
  },
  "for await over a socket": async () => {
    const [stream] = await tcpPair();
    return () => stream[Symbol.asyncIterator]().next();
  },
  "tls.receiveSome": async () => {
    const [stream] = await tlsPair();
    return () => stream.receiveSome();
  },
  "tls.aclose": async () => {
    const [stream] = await tlsPair();
    return () => stream.aclose();
  },
  wrapTlsClient: async () => {
    const [stream] = memory();
    return () => wrapTlsClient(stream, { servername: "localhost", ca });
  },
  wrapTlsServer: async () => {
    const [stream] = memory();
    return () => wrapTlsServer(stream, identity);
  },
  openTcpStream: async () => {
    const [listener] = (await openTcpListeners(0, { host })) as [SocketListener];
    return () => openTcpStream(host, listener.port as number);
  },
  openTcpListeners: async () => () => openTcpListeners(0, { host }),
  openUnixListener: async () => () => openUnixListener(unixPath()[0]),
  "listener.accept": async () => {
    const [listener] = (await openTcpListeners(0, { host })) as [SocketListener];
    return () => listener.accept();
  },
  serveTcp: async () => () => serveTcp(async () => undefined, { port: 0, host }),
  serveListeners: async () => {
    const listeners = await openTcpListeners(0, { host });
    return () => serveListeners(async () => undefined, listeners);
  },
};

describe.each(Object.entries(operations))("law 7: %s, begun and forgotten", (_name, prepare) => {
  it("ends with its scope, and does not end the process", async () => {
    const operation = await prepare();
    const seen = await unhandledDuring(() =>
      new CancelScope().run(async () => {
        void operation();
        await checkpoint();
      }),
    );
    expect(seen).toEqual([]);
  });

  it("is cancelled beside what is awaited, and does not end the process", async () => {
    const operation = await prepare();
    const seen = await unhandledDuring(() =>
      new CancelScope().run(async (scope) => {
        void operation();
        const awaited = sleepForever();
        await checkpoint();
        scope.cancel();
        await awaited;
      }),
    );
    expect(seen).toEqual([]);
  });

  it("is refused in a cancelled scope, and does not end the process", async () => {
    const operation = await prepare();
    const seen = await unhandledDuring(() =>
      new CancelScope().run(async (scope) => {
        scope.cancel();
        void operation();
        await sleepForever();
      }),
    );
    expect(seen).toEqual([]);
  });
});

it("law 7: nursery.start, begun and forgotten, does not end the process", async () => {
  const seen = await unhandledDuring(() =>
    openNursery(async (nursery) => {
      void nursery.start(() => sleepForever());
      await checkpoint();
      nursery.cancelScope.cancel();
    }),
  );
  expect(seen).toEqual([]);
});

it("other errors of what was forgotten are told", async () => {
  const seen = await unhandledDuring(() =>
    new CancelScope().run(async () => {
      const [a, b] = memory();
      void new BufferedReceiveStream(a).receiveExactly(5);
      await b.sendAll(new Uint8Array(1));
      await b.aclose();
      await sleep(1);
    }),
  );
  expect(seen).toEqual([expect.objectContaining({ name: "IncompleteReadError" })]);
});

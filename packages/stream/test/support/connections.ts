import { openNursery } from "@espalier/nursery";
import {
  acloseForcefully,
  type AsyncResource,
  openTcpListeners,
  openTcpStream,
  serveTcp,
  type ServeTcpOptions,
  serveTls,
  type ServeTlsOptions,
  type SocketListener,
  type SocketStream,
  type Stream,
  type TcpOptions,
  type TlsStream,
} from "@espalier/stream";

import { goodServer } from "./certificates.ts";

export const host = "127.0.0.1";

/** A TCP connection of this process with itself. */
export async function tcpPair(options?: TcpOptions): Promise<[client: SocketStream, server: SocketStream]> {
  const [listener] = (await openTcpListeners(0, { host })) as [SocketListener];
  try {
    const client = await openTcpStream(host, listener.port as number, options);
    return [client, await listener.accept()];
  } finally {
    await listener.aclose();
  }
}

/** Runs `body` with a connection, and closes both ends. */
export async function withPair(
  body: (client: SocketStream, server: SocketStream) => Promise<void>,
): Promise<void> {
  const pair = await tcpPair();
  await closing(pair, () => body(...pair));
}

/** Closes, by force, what is left at the end of the block. */
export async function closing(resources: readonly AsyncResource[], body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } finally {
    for (const resource of resources) await acloseForcefully(resource);
  }
}

/** Runs `body` beside a server, and cancels the server then. */
export async function withServer(
  handler: (stream: SocketStream) => Promise<unknown>,
  body: (port: number, listener: SocketListener) => Promise<void>,
  options: Partial<ServeTcpOptions> = {},
): Promise<void> {
  await openNursery(async (nursery) => {
    const [listener] = (await nursery.start<SocketListener[]>((started) =>
      serveTcp(handler, { port: 0, host, ...options, started }),
    )) as [SocketListener];
    await body(listener.port as number, listener);
    nursery.cancelScope.cancel();
  });
}

/** The same over TLS. */
export async function withTlsServer(
  handler: (stream: TlsStream) => Promise<unknown>,
  body: (port: number) => Promise<void>,
  options: Partial<ServeTlsOptions> = {},
): Promise<void> {
  await openNursery(async (nursery) => {
    const [listener] = (await nursery.start<SocketListener[]>((started) =>
      serveTls(handler, { ...goodServer, port: 0, host, ...options, started }),
    )) as [SocketListener];
    await body(listener.port as number);
    nursery.cancelScope.cancel();
  });
}

export async function echo(stream: Stream): Promise<void> {
  for await (const chunk of stream) await stream.sendAll(chunk);
}

import { openNursery } from "@espalier/nursery";
import {
  openTcpStream,
  type HalfCloseableStream,
  serveTcp,
  type ServeTcpOptions,
  type SocketStream,
} from "@espalier/stream";

/** Where the connections go. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

/** Forwards every connection to the target, until it is cancelled. */
export function serveProxy(target: Target, options: ServeTcpOptions): Promise<never> {
  return serveTcp((client) => forward(client, target), options);
}

/** Both directions at once. If one of them fails, the other is cancelled, and both connections are closed. */
async function forward(client: SocketStream, { host, port }: Target): Promise<void> {
  await using server = await openTcpStream(host, port);
  await openNursery((nursery) => {
    nursery.startSoon(() => copy(client, server));
    nursery.startSoon(() => copy(server, client));
  });
}

/** One direction, to its end, which is passed on. A slow reader slows down this sender, and nobody else. */
async function copy(from: HalfCloseableStream, to: HalfCloseableStream): Promise<void> {
  for await (const bytes of from) await to.sendAll(bytes);
  await to.sendEof();
}

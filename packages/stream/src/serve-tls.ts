import { quietly } from "@espalier/core/lowlevel";
import { failAfter } from "@espalier/cancel-scope";
import { dispose } from "./async-resource.ts";
import { HandshakeServers } from "./handshake-servers.ts";
import { openTcpListeners } from "./open-tcp-listeners.ts";
import { serveListeners } from "./serve-listeners.ts";
import type { ServeTcpOptions } from "./serve-tcp.ts";
import type { SocketListener } from "./socket-listener.ts";
import type { SocketStream } from "./socket-stream.ts";
import { acceptTls, type TlsServerOptions } from "./tls-handshake.ts";
import type { TlsStream } from "./tls-stream.ts";

/** Options of {@link serveTls}: those of `serveTcp` and those of `tls.createServer` (`key`, `cert`, `ALPNProtocols`, ...). */
export type ServeTlsOptions = ServeTcpOptions &
  TlsServerOptions & {
    /** Milliseconds that a peer has for the handshake. By default 30,000. */
    readonly handshakeTimeoutMs?: number;
  };

/**
 * Listens on a port and handles each TLS connection in a task of its own, until it is cancelled; like `serveTcp`. The handshake
 * is done in that task: a peer that never finishes it holds up nobody else. Key and certificate are read at the beginning, and
 * a client that comes back can resume its session (see `TlsStream.session`).
 *
 * @checkpoint always
 * @cancellation The listeners are closed first; then the handlers are cancelled and waited for.
 * @throws {Cancelled} that is how it ends.
 * @throws {BrokenResourceError} it cannot listen there (see `cause`).
 * @throws {RangeError} a wrong `port` or `maxConnections`.
 * @throws what `tls.createServer` throws, for a key that is none for instance; then it has not listened.
 */
export function serveTls(
  handler: (stream: TlsStream) => Promise<unknown>,
  options: ServeTlsOptions,
): Promise<never> {
  return quietly(async () => {
    const {
      port,
      host,
      backlog,
      started,
      handlerNursery,
      maxConnections,
      onError,
      handshakeTimeoutMs = 30_000,
      httpsCompatible = false,
      ...tls
    } = options;
    const servers = new HandshakeServers(tls);
    const listeners = await openTcpListeners(port, {
      ...(host !== undefined && { host }),
      ...(backlog !== undefined && { backlog }),
    });
    const encrypted = async (stream: SocketStream): Promise<void> => {
      const secure = await failAfter(handshakeTimeoutMs, () => acceptTls(stream, servers, httpsCompatible), {
        name: "TLS handshake",
      });
      try {
        await handler(secure);
      } finally {
        await dispose(secure);
      }
    };
    return serveListeners<SocketStream, SocketListener>(encrypted, listeners, {
      ...(started !== undefined && { started }),
      ...(handlerNursery !== undefined && { handlerNursery }),
      ...(maxConnections !== undefined && { maxConnections }),
      ...(onError !== undefined && { onError }),
    });
  });
}

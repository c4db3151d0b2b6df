import { failAfter } from "@espalier/cancel-scope";
import { openTcpListeners } from "./open-tcp-listeners.ts";
import { serveListeners } from "./serve-listeners.ts";
import type { ServeTcpOptions } from "./serve-tcp.ts";
import type { SocketListener } from "./socket-listener.ts";
import type { SocketStream } from "./socket-stream.ts";
import { type TlsServerOptions, wrapTlsServer } from "./tls-handshake.ts";
import type { TlsStream } from "./tls-stream.ts";
import { dispose } from "./async-resource.ts";

/** Options of {@link serveTls}: those of `serveTcp` and those of `tls.createServer` (`key`, `cert`, `ALPNProtocols`, ...). */
export type ServeTlsOptions = ServeTcpOptions &
  TlsServerOptions & {
    /** Milliseconds that a peer has for the handshake. By default 30,000. */
    readonly handshakeTimeoutMs?: number;
  };

/**
 * Listens on a port and handles each TLS connection in a task of its own, until it is cancelled; like `serveTcp`. The handshake
 * is done in that task: a peer that never finishes it holds up nobody else.
 *
 * @checkpoint always
 * @cancellation The listeners are closed first; then the handlers are cancelled and waited for.
 * @throws {Cancelled} that is how it ends.
 * @throws {BrokenResourceError} it cannot listen there (see `cause`).
 */
export async function serveTls(
  handler: (stream: TlsStream) => Promise<unknown>,
  options: ServeTlsOptions,
): Promise<never> {
  const {
    port,
    host,
    backlog,
    started,
    handlerNursery,
    maxConnections,
    onError,
    handshakeTimeoutMs = 30_000,
    ...tls
  } = options;
  const listeners = await openTcpListeners(port, {
    ...(host !== undefined && { host }),
    ...(backlog !== undefined && { backlog }),
  });
  const encrypted = async (stream: SocketStream): Promise<void> => {
    const secure = await failAfter(handshakeTimeoutMs, () => wrapTlsServer(stream, tls), {
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
}

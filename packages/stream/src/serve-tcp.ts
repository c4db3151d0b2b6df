import { quietly } from "@espalier/core/lowlevel";
import { openTcpListeners, type TcpListenOptions } from "./open-tcp-listeners.ts";
import { serveListeners, type ServeOptions } from "./serve-listeners.ts";
import type { SocketListener } from "./socket-listener.ts";
import type { SocketStream } from "./socket-stream.ts";

/** Options of {@link serveTcp}. */
export interface ServeTcpOptions extends TcpListenOptions, ServeOptions<SocketListener> {
  /** 0 to 65535; 0 lets the system choose. */
  readonly port: number;
}

/**
 * Listens on a port and handles each connection in a task of its own, until it is cancelled. With `nursery.start` the caller
 * knows when it is ready.
 *
 * @checkpoint always
 * @cancellation The listeners are closed first; then the handlers are cancelled and waited for.
 * @throws {Cancelled} that is how it ends.
 * @throws {BrokenResourceError} it cannot listen there (see `cause`).
 * @throws {RangeError} a wrong `port` or `maxConnections`.
 * @example
 * ```ts
 * import { openNursery } from "@espalier/nursery";
 * import { serveTcp, type SocketListener, type SocketStream } from "@espalier/stream";
 *
 * async function echo(stream: SocketStream): Promise<void> {
 *   for await (const bytes of stream) await stream.sendAll(bytes);
 * }
 *
 * await openNursery(async (nursery) => {
 *   const [listener] = await nursery.start<SocketListener[]>((started) => serveTcp(echo, { port: 0, started }));
 *   console.log(`listening on port ${listener?.port}`);
 *   nursery.cancelScope.cancel();
 * });
 * ```
 */
export function serveTcp(
  handler: (stream: SocketStream) => Promise<unknown>,
  options: ServeTcpOptions,
): Promise<never> {
  return quietly(async () => {
    return serveListeners<SocketStream, SocketListener>(
      handler,
      await openTcpListeners(options.port, options),
      options,
    );
  });
}

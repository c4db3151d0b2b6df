import { errorText, quietly, refusal } from "@espalier/core/lowlevel";
import { connect } from "./connect.ts";
import { listen } from "./listen.ts";
import { serveListeners, type ServeOptions } from "./serve-listeners.ts";
import type { SocketListener } from "./socket-listener.ts";
import { SocketStream } from "./socket-stream.ts";

/**
 * Connects to a Unix socket; on Windows, to a named pipe (`\\\\.\\pipe\\name`).
 *
 * @checkpoint always
 * @cancellation No connection is left behind.
 * @throws {Cancelled} the current scope is, or becomes, cancelled.
 * @throws {BrokenResourceError} nobody listens there (see `cause`).
 * @throws {TypeError} `path` is not a path.
 */
export function openUnixStream(path: string): Promise<SocketStream> {
  return quietly(async () => {
    checkPath(path);
    const denied = refusal();
    if (denied !== undefined) return denied;
    return new SocketStream(await connect({ path }, path));
  });
}

/**
 * Listens on a Unix socket. The path must not exist yet; it is removed when the listener is closed.
 *
 * @checkpoint always
 * @cancellation No listener is left behind.
 * @throws {Cancelled} the current scope is, or becomes, cancelled.
 * @throws {BrokenResourceError} the path exists, or cannot be made (see `cause`).
 * @throws {TypeError} `path` is not a path.
 */
export function openUnixListener(path: string): Promise<SocketListener> {
  return quietly(async () => {
    checkPath(path);
    const denied = refusal();
    if (denied !== undefined) return denied;
    return listen({ path }, path);
  });
}

/** Options of {@link serveUnix}. */
export interface ServeUnixOptions extends ServeOptions<SocketListener> {
  /** Where to listen. */
  readonly path: string;
}

/**
 * Listens on a Unix socket and handles each connection in a task of its own, until it is cancelled; like `serveTcp`.
 *
 * @checkpoint always
 * @cancellation The listener is closed first; then the handlers are cancelled and waited for.
 * @throws {Cancelled} that is how it ends.
 * @throws {BrokenResourceError} it cannot listen there (see `cause`).
 */
export function serveUnix(
  handler: (stream: SocketStream) => Promise<unknown>,
  options: ServeUnixOptions,
): Promise<never> {
  return quietly(async () => {
    return serveListeners<SocketStream, SocketListener>(
      handler,
      [await openUnixListener(options.path)],
      options,
    );
  });
}

function checkPath(path: unknown): void {
  if (typeof path !== "string" || path === "")
    throw new TypeError(`A Unix socket needs a path, not ${path === "" ? "an empty one" : errorText(path)}.`);
}

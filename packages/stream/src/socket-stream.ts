import type { Socket } from "node:net";

import { NodeDuplexStream } from "./node-stream.ts";

/** One end of a TCP connection. */
export interface SocketAddress {
  /** The IP address. */
  readonly host: string;
  readonly port: number;
}

/** A connected TCP or Unix socket. Made by `openTcpStream`, `openUnixStream` and the listeners. */
export class SocketStream extends NodeDuplexStream {
  readonly #socket: Socket;
  /** Our end; `undefined` for a Unix socket. */
  readonly localAddress: SocketAddress | undefined;
  /** The peer's end; `undefined` for a Unix socket. */
  readonly remoteAddress: SocketAddress | undefined;

  /** @internal */
  constructor(socket: Socket) {
    // No goodbye: sendAll returns when the kernel has the bytes, and closing the socket is what sends the FIN.
    super(socket, { closeGraceMs: 0, isSocket: true });
    this.#socket = socket;
    // Read now: a socket that is closed has forgotten them.
    this.localAddress = address(socket.localAddress, socket.localPort);
    this.remoteAddress = address(socket.remoteAddress, socket.remotePort);
  }

  /** Whether small writes are sent at once (TCP_NODELAY). On by default. */
  setNoDelay(noDelay: boolean): void {
    this.#socket.setNoDelay(noDelay);
  }

  /** Whether the kernel probes an idle connection, after `initialDelayMs` milliseconds of silence. Off by default. */
  setKeepAlive(keepAlive: boolean, initialDelayMs = 0): void {
    this.#socket.setKeepAlive(keepAlive, initialDelayMs);
  }
}

function address(host: string | undefined, port: number | undefined): SocketAddress | undefined {
  return host === undefined || port === undefined ? undefined : { host, port };
}

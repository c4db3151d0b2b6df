import { randomBytes } from "node:crypto";
import { createServer, type Server, type TlsOptions, type TLSSocket } from "node:tls";

import type { Ticket } from "./tls-stream.ts";

/** So many servers without work are kept, some 30 KiB each. More are made when more peers shake hands at a time. */
const mostIdle = 64;

/** What becomes of one handshake. The first call counts. */
export interface HandshakeOutcome {
  readonly succeeded: (socket: TLSSocket, ticket?: Ticket) => void;
  readonly failed: (error: Error) => void;
}

/**
 * Node's TLS servers, for connections that somebody else has accepted. Node lets us hand a server any connection, and it
 * does SNI, ALPN, tickets and client certificates; but it says of a finished handshake only that one of its own is done. So each
 * handshake has a server to itself, and leaves it to the next one when it has succeeded: key and certificate, which cost as much
 * as the rest of a handshake, are read once for as many peers as shake hands at a time. A server whose handshake failed or was
 * given up is not used again: what it still has to say of that peer would be heard by the next.
 *
 * All of them seal their session tickets with the same keys: to a client that comes back they are one server.
 */
export class HandshakeServers {
  readonly #options: TlsOptions;
  readonly #idle: Server[];

  /** @throws what `tls.createServer` throws, for a key that is none for instance. */
  constructor(options: TlsOptions) {
    // Node's own limit on the handshake is out of the way; the scope around has one.
    const longest = 2 ** 31 - 1;
    this.#options = {
      ...options,
      ticketKeys: options.ticketKeys ?? randomBytes(48),
      allowHalfOpen: true,
      handshakeTimeout: longest,
    };
    this.#idle = [createServer(this.#options)];
  }

  /** Begins the server's side of a handshake. */
  begin(transport: NodeJS.ReadWriteStream, outcome: HandshakeOutcome): void {
    const server = this.#idle.pop() ?? createServer(this.#options);
    const succeeded = (socket: TLSSocket): void => {
      server.off("tlsClientError", outcome.failed);
      if (this.#idle.length < mostIdle) this.#idle.push(server);
      outcome.succeeded(socket);
    };
    server.once("secureConnection", succeeded);
    server.once("tlsClientError", outcome.failed);
    server.emit("connection", transport);
  }
}

import type { PeerCertificate, TLSSocket } from "node:tls";

import { BrokenResourceError } from "@espalier/core";
import { quietly } from "@espalier/core/lowlevel";
import { acloseForcefully } from "./async-resource.ts";
import { chunksOf } from "./chunks-of.ts";
import type { Stream } from "./contracts.ts";
import { NodeDuplexStream } from "./node-stream.ts";
import { onNode } from "./on-node.ts";

/** So long may the goodbye (close_notify) take before the connection is severed. */
const closeGraceMs = 5000;

/** Whether an end without goodbye can be told from one with. It needs a hook into how Node's TLSSocket ends. */
const canSeeGoodbye = onNode;

/** An encrypted stream. Made by `openTlsStream`, `serveTls` and `wrapTls`, with its handshake done. */
export class TlsStream extends NodeDuplexStream {
  readonly #socket: TLSSocket;
  readonly #transport: Stream;
  readonly #httpsCompatible: boolean;
  readonly #goodbye: Goodbye;
  readonly #ticket: Ticket | undefined;
  /** Whether the handshake resumed the session of an earlier connection. */
  readonly sessionReused: boolean;

  /** @internal */
  constructor(
    socket: TLSSocket,
    transport: Stream,
    httpsCompatible: boolean,
    goodbye: Goodbye,
    ticket: Ticket | undefined,
  ) {
    super(socket, { closeGraceMs: httpsCompatible ? 0 : closeGraceMs });
    this.#socket = socket;
    this.#transport = transport;
    this.#httpsCompatible = httpsCompatible;
    this.#goodbye = goodbye;
    this.#ticket = ticket;
    this.sessionReused = socket.isSessionReused(); // read now: a socket that is closed has forgotten it
  }

  /**
   * As `ReceiveStream.receiveSome`. An end of the connection without the peer's goodbye is not an end but a break: somebody
   * may have cut it. With `httpsCompatible` it is an end.
   */
  override receiveSome(max?: number): Promise<Uint8Array | undefined> {
    return quietly(async () => {
      const chunk = await super.receiveSome(max);
      if (chunk === undefined && !this.#httpsCompatible && canSeeGoodbye && !this.#goodbye.received) {
        throw new BrokenResourceError(
          "The connection ended without the peer's goodbye (close_notify): it may have been cut. " +
            "Protocols that mark their own end, such as HTTP, may set httpsCompatible.",
        );
      }
      return chunk;
    });
  }

  override [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    return chunksOf(this);
  }

  /** Says goodbye, for a few seconds at most, and closes the connection below. See `AsyncResource.aclose`. */
  override aclose(): Promise<void> {
    return quietly(async () => {
      try {
        await super.aclose();
      } finally {
        await acloseForcefully(this.#transport);
      }
    });
  }

  /** The protocol that both sides agreed on by ALPN; `undefined` if there is none. */
  get alpnProtocol(): string | undefined {
    const { alpnProtocol } = this.#socket;
    return typeof alpnProtocol === "string" ? alpnProtocol : undefined;
  }

  /** The version of TLS, such as `"TLSv1.3"`; `undefined` once it is closed. */
  get protocol(): string | undefined {
    return this.#socket.getProtocol() ?? undefined;
  }

  /** The name that the client asked for (SNI), on a server; `undefined` if it asked for none. */
  get servername(): string | undefined {
    const { servername } = this.#socket as { servername?: string | false | null };
    return typeof servername === "string" ? servername : undefined;
  }

  /**
   * On a client, what the next connection to this server needs to resume this one's session: hand it over as the option
   * `session`, and the handshake does without certificates. It is the latest that the server has sent, and stays when the stream is
   * closed; `undefined` as long as there is none. With TLS 1.3 it comes with the first bytes that are received.
   */
  get session(): Buffer | undefined {
    return this.#ticket?.latest;
  }

  /** The peer's certificate; `undefined` if it showed none, or once the stream is closed. */
  get peerCertificate(): PeerCertificate | undefined {
    const certificate = this.#socket.getPeerCertificate() as
      PeerCertificate | Record<string, never> | null | undefined;
    return Object.keys(certificate ?? {}).length === 0 ? undefined : (certificate as PeerCertificate);
  }
}

/** Whether the peer has said goodbye before the connection below ended. */
export interface Goodbye {
  readonly received: boolean;
}

/**
 * Watches how a TLS socket ends. Its end is announced by `push(null)`, both for a close_notify and for an end of what is
 * below; the order tells them apart.
 *
 * @param transportEnded - Says whether the connection below has ended, and TLS has been told.
 */
export function watchForGoodbye(socket: TLSSocket, transportEnded: () => boolean): Goodbye {
  const goodbye = { received: false };
  const push = socket.push.bind(socket);
  socket.push = (chunk: unknown, encoding?: BufferEncoding) => {
    if (chunk === null && !transportEnded()) goodbye.received = true;
    return push(chunk, encoding);
  };
  return goodbye;
}

/** With what a client can resume its session. */
export interface Ticket {
  readonly latest: Buffer | undefined;
}

/** Keeps the latest ticket of a client's socket. To be called before the handshake: with TLS 1.2 the only one comes in it. */
export function watchForTicket(socket: TLSSocket): Ticket {
  const ticket: { latest: Buffer | undefined } = { latest: undefined };
  socket.on("session", (session) => {
    ticket.latest = session;
  });
  return ticket;
}

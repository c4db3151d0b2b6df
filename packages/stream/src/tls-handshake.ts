import type { Duplex } from "node:stream";
import { connect, type ConnectionOptions, type TlsOptions } from "node:tls";

import { BrokenResourceError } from "@espalier/core";
import { ambient, errorMessage, parkAbroad, quietly, refusal } from "@espalier/core/lowlevel";
import { acloseForcefully } from "./async-resource.ts";
import type { Stream } from "./contracts.ts";
import { type HandshakeOutcome, HandshakeServers } from "./handshake-servers.ts";
import { TlsStream, watchForGoodbye, watchForTicket } from "./tls-stream.ts";
import { nodeDuplexIn } from "./to-node.ts";

/** What both sides can choose. */
interface CommonTlsOptions {
  /**
   * Whether to do without goodbyes, as HTTPS does: an end of the connection is an end of the data, and closing says nothing.
   * By default false.
   */
  readonly httpsCompatible?: boolean;
}

/** The client's side: the options of `tls.connect` that are not about the connection below. */
export type TlsClientOptions = CommonTlsOptions &
  Omit<
    ConnectionOptions,
    "socket" | "host" | "port" | "path" | "lookup" | "timeout" | "allowHalfOpen" | "servername"
  > & {
    /** The name that the server's certificate has to have, and that is asked for (SNI). */
    readonly servername: string;
  };

/** The server's side: the options of `tls.createServer`. */
export type TlsServerOptions = CommonTlsOptions &
  Omit<TlsOptions, "handshakeTimeout" | "pauseOnConnect" | "allowHalfOpen">;

/**
 * Encrypts a stream, whatever it is made of, as the client: does the handshake, and checks certificate and name unless told
 * otherwise. The stream belongs to the result from then on; if the handshake fails or is cancelled it is closed.
 *
 * @checkpoint always
 * @cancellation The stream is closed by force.
 * @throws {Cancelled} the current scope is, or becomes, cancelled.
 * @throws {BrokenResourceError} the handshake failed, or the certificate is not good (see `cause`).
 */
export function wrapTlsClient(stream: Stream, options: TlsClientOptions): Promise<TlsStream> {
  return quietly(async () => {
    const { httpsCompatible = false, ...tls } = options;
    return handshake(stream, httpsCompatible, (transport, outcome) => {
      const socket = connect({ ...tls, socket: transport, allowHalfOpen: true } as ConnectionOptions);
      const ticket = watchForTicket(socket);
      socket.once("secureConnect", () => {
        outcome.succeeded(socket, ticket);
      });
      socket.on("error", outcome.failed);
    });
  });
}

/**
 * Encrypts a stream, whatever it is made of, as the server. Each call reads key and certificate anew, and makes keys of its own for
 * its session tickets: a client can resume its session with another call only if both are given the same `ticketKeys`.
 * `serveTls` does it once for all its connections.
 *
 * @checkpoint always
 * @cancellation The stream is closed by force.
 * @throws {Cancelled} the current scope is, or becomes, cancelled.
 * @throws {BrokenResourceError} the handshake failed (see `cause`).
 * @throws what `tls.createServer` throws, for a key that is none for instance. The stream is closed then too.
 */
export function wrapTlsServer(stream: Stream, options: TlsServerOptions): Promise<TlsStream> {
  return quietly(async () => {
    const { httpsCompatible = false, ...tls } = options;
    return handshake(stream, httpsCompatible, (transport, outcome) => {
      new HandshakeServers(tls).begin(transport, outcome);
    });
  });
}

/** The same, with servers that are there already. */
export async function acceptTls(
  stream: Stream,
  servers: HandshakeServers,
  httpsCompatible: boolean,
): Promise<TlsStream> {
  return handshake(stream, httpsCompatible, (transport, outcome) => {
    servers.begin(transport, outcome);
  });
}

async function handshake(
  stream: Stream,
  httpsCompatible: boolean,
  start: (transport: Duplex, outcome: HandshakeOutcome) => void,
): Promise<TlsStream> {
  try {
    const denied = refusal();
    if (denied !== undefined) await denied;
    // In no scope: the connection outlives the one in which it was opened. The calls on the encrypted stream are cancellable.
    const transport = nodeDuplexIn(ambient.root, stream);
    const wait = parkAbroad<TlsStream>("tls.handshake");
    if (!wait.pending) return await wait.promise;
    const broken = (): void => {
      wait.fail(new BrokenResourceError("The connection ended during the TLS handshake."));
    };
    let transportEnded = false;
    transport.once("end", () => {
      transportEnded = true;
      setImmediate(broken); // a half-open connection would wait for ever; what came with its end may still complete it
    });
    transport.once("close", broken);
    try {
      start(transport, {
        succeeded: (socket, ticket) => {
          // At once: the goodbye may come with the next chunk.
          const goodbye = watchForGoodbye(socket, () => transportEnded);
          wait.resume(new TlsStream(socket, stream, httpsCompatible, goodbye, ticket));
        },
        failed: (error) => {
          wait.fail(
            new BrokenResourceError(`The TLS handshake failed: ${errorMessage(error)}`, { cause: error }),
          );
        },
      });
    } catch (error) {
      wait.fail(error as Error); // of the options, before anything was sent
    }
    return await wait.promise;
  } catch (error) {
    await acloseForcefully(stream);
    throw error;
  }
}

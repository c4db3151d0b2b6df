import { quietly } from "@espalier/core/lowlevel";
import { isIP } from "node:net";

import { openTcpStream, type TcpOptions } from "./open-tcp-stream.ts";
import { type TlsClientOptions, wrapTlsClient } from "./tls-handshake.ts";
import type { TlsStream } from "./tls-stream.ts";

/** Options of {@link openTlsStream}: those of the connection and those of `tls.connect`. */
export type OpenTlsOptions = TcpOptions & Partial<TlsClientOptions>;

/**
 * Connects to a TLS server and does the handshake. The server's certificate and name are checked, unless
 * `rejectUnauthorized: false` says otherwise.
 *
 * @checkpoint always
 * @cancellation No connection is left behind.
 * @param options - Of the connection, and Node's TLS options: `ca`, `cert`, `key`, `ALPNProtocols`, ...; `servername` is the host.
 * @throws {Cancelled} the current scope is, or becomes, cancelled.
 * @throws {BrokenResourceError} it cannot connect, the handshake fails, or the certificate is not good (see `cause`).
 * @throws {RangeError} `port` is not a port.
 * @example
 * ```ts
 * import { openTlsStream, type TlsStream } from "@espalier/stream";
 *
 * let session: TlsStream["session"];
 *
 * // The second time the server knows us, and the handshake is a short one.
 * async function ask(question: string): Promise<Uint8Array | undefined> {
 *   await using stream = await openTlsStream("example.org", 4433, { session });
 *   await stream.sendAll(new TextEncoder().encode(question));
 *   const answer = await stream.receiveSome();
 *   session = stream.session;
 *   return answer;
 * }
 * ```
 */
export function openTlsStream(host: string, port: number, options: OpenTlsOptions = {}): Promise<TlsStream> {
  return quietly(async () => {
    const { localAddress, happyEyeballsDelayMs, noDelay, keepAlive, ...tls } = options;
    const tcp = {
      ...(localAddress !== undefined && { localAddress }),
      ...(happyEyeballsDelayMs !== undefined && { happyEyeballsDelayMs }),
      ...(noDelay !== undefined && { noDelay }),
      ...(keepAlive !== undefined && { keepAlive }),
    };
    const stream = await openTcpStream(host, port, tcp);
    // An IP address is no name to ask for: RFC 6066, section 3. Node then checks the certificate against the address.
    const servername = tls.servername ?? (isIP(host) === 0 ? host : "");
    return wrapTlsClient(stream, { ...tls, servername });
  });
}

import { isIP, type Socket } from "node:net";

import { BrokenResourceError } from "@espalier/core";
import { checkDuration, errorText, quietly, refusal } from "@espalier/core/lowlevel";
import { connect } from "./connect.ts";
import { alternateFamilies, firstToConnect } from "./happy-eyeballs.ts";
import { checkPort, type ResolvedAddress, resolveHost } from "./resolve-host.ts";
import { SocketStream } from "./socket-stream.ts";

/** Options of {@link openTcpStream}. */
export interface TcpOptions {
  /** Our end of the connection, an IP address of this machine. */
  readonly localAddress?: string;
  /** Milliseconds that an attempt has before the next address is tried beside it (RFC 8305). By default 250. */
  readonly happyEyeballsDelayMs?: number;
  /** Whether small writes are sent at once (TCP_NODELAY). By default true. */
  readonly noDelay?: boolean;
  /** Whether the kernel probes an idle connection. By default false. */
  readonly keepAlive?: boolean;
}

/**
 * Connects to a TCP server. A name with several addresses is tried address by address, IPv6 and IPv4 in turn, each
 * attempt with a head start before the next one joins it; the first to connect wins, the others are closed. (RFC 8305, "happy
 * eyeballs"; as in Trio.)
 *
 * @checkpoint always
 * @cancellation No connection is left behind.
 * @param host - A name or an IP address.
 * @param port - 1 to 65535.
 * @throws {Cancelled} the current scope is, or becomes, cancelled.
 * @throws {BrokenResourceError} the name is not known, or no address answers; the `cause` is the error, or an
 *   `AggregateError` of one for each address.
 * @throws {RangeError} `port` is not a port, or the delay is no duration.
 * @throws {TypeError} `host` is no name, or `localAddress` no IP address.
 * @example
 * ```ts
 * import { openTcpStream } from "@espalier/stream";
 *
 * async function talk(): Promise<void> {
 *   await using stream = await openTcpStream("irc.example.org", 6667);
 *   await stream.sendAll(new TextEncoder().encode("NICK espalier\r\n"));
 * }
 * ```
 */
export function openTcpStream(host: string, port: number, options: TcpOptions = {}): Promise<SocketStream> {
  return quietly(async () => {
    const { happyEyeballsDelayMs = 250, noDelay = true, keepAlive = false, localAddress } = options;
    checkPort(port, 1);
    checkDuration(happyEyeballsDelayMs, "openTcpStream.happyEyeballsDelayMs");
    if (localAddress !== undefined && (typeof localAddress !== "string" || isIP(localAddress) === 0))
      throw new TypeError(
        `localAddress needs an IP address of this machine, not ${errorText(localAddress)}.`,
      );
    const denied = refusal();
    if (denied !== undefined) return denied;
    const addresses = alternateFamilies(await resolveHost(host));
    const attempt = ({ address, family }: ResolvedAddress): Promise<Socket> => {
      const target = { host: address, port, family, noDelay, keepAlive };
      return connect(
        localAddress === undefined ? target : { ...target, localAddress },
        `${address}, port ${port}`,
      );
    };
    const outcome = await firstToConnect(addresses, attempt, happyEyeballsDelayMs);
    if (outcome.winner !== undefined) return new SocketStream(outcome.winner);
    if (outcome.errors.length === 1) throw outcome.errors[0] as Error;
    throw new BrokenResourceError(
      `Could not connect to ${host}, port ${port}: no address of ${addresses.length} answers.`,
      {
        cause: new AggregateError(outcome.errors),
      },
    );
  });
}

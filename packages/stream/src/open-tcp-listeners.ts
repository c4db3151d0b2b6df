import { errorText, quietly, refusal } from "@espalier/core/lowlevel";
import { acloseForcefully } from "./async-resource.ts";
import { listen } from "./listen.ts";
import { checkPort, resolveHost } from "./resolve-host.ts";
import type { SocketListener } from "./socket-listener.ts";

/** Options of {@link openTcpListeners}. */
export interface TcpListenOptions {
  /** A name or an IP address of this machine; by default every address. */
  readonly host?: string;
  /** How many connections the kernel may hold before they are taken. By default 511, Node's own. */
  readonly backlog?: number;
}

/**
 * Listens for TCP connections: one listener for each address of `host`; without a host, one for every address, IPv6 and IPv4.
 * Of several addresses, those that this machine has not are passed over, `::1` where there is no IPv6 for instance.
 *
 * @checkpoint always
 * @cancellation No listener is left behind.
 * @param port - 0 to 65535; 0 lets the system choose: read it from `listener.port`.
 * @throws {Cancelled} the current scope is, or becomes, cancelled.
 * @throws {BrokenResourceError} the port is in use, may not be used, or the host is not known (see `cause`).
 * @throws {RangeError} `port` is not a port, or `backlog` not a number of 1 or more.
 */
export function openTcpListeners(port: number, options: TcpListenOptions = {}): Promise<SocketListener[]> {
  return quietly(async () => {
    const { host, backlog = 511 } = options;
    checkPort(port, 0);
    if (!(Number.isInteger(backlog) && backlog >= 1))
      throw new RangeError(`backlog needs a number of 1 or more, not ${errorText(backlog)}.`);
    const denied = refusal();
    if (denied !== undefined) return denied;
    if (host === undefined) return [await listen({ port, backlog }, `port ${port}`)];
    const listeners: SocketListener[] = [];
    let missing: unknown;
    try {
      for (const { address, family } of await resolveHost(host)) {
        const target = { port, host: address, backlog, ipv6Only: family === 6 };
        try {
          listeners.push(await listen(target, `${address}, port ${port}`));
        } catch (error) {
          if (!isOfAnotherMachine(error)) throw error;
          missing ??= error;
        }
      }
      if (listeners.length === 0) throw missing;
    } catch (error) {
      for (const listener of listeners) await acloseForcefully(listener);
      throw error;
    }
    return listeners;
  });
}

/** The address, or its whole family, is none of this machine. */
function isOfAnotherMachine(error: unknown): boolean {
  const { code } = ((error as Error | undefined)?.cause ?? {}) as { code?: unknown };
  return code === "EADDRNOTAVAIL" || code === "EAFNOSUPPORT" || code === "EINVAL"; // the last is Deno's word for it
}

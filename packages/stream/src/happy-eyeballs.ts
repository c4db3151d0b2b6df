import { moveOnAfter } from "@espalier/cancel-scope";
import { rethrowIfCancelled } from "@espalier/core";
import { openNursery } from "@espalier/nursery";
import type { ResolvedAddress } from "./resolve-host.ts";

/** What is connected, as far as the race goes. */
interface Connection {
  destroy(): void;
}

/** How the race has ended: with a winner, or with an error of each address. */
export interface ConnectOutcome<C extends Connection> {
  readonly winner: C | undefined;
  readonly errors: readonly unknown[];
}

/**
 * Connects to the first address that answers (RFC 8305). Each attempt has a head start of `delayMs` before the next one joins
 * it; one that fails passes the turn on at once. The losers are cancelled, and one that connects in the same moment is closed.
 */
export async function firstToConnect<C extends Connection>(
  addresses: readonly ResolvedAddress[],
  connectTo: (address: ResolvedAddress) => Promise<C>,
  delayMs: number,
): Promise<ConnectOutcome<C>> {
  const [only] = addresses;
  if (only !== undefined && addresses.length === 1) return connectAlone(connectTo(only));
  const errors: unknown[] = [];
  const connected: C[] = [];
  try {
    await openNursery(
      async (nursery) => {
        for (const address of addresses) {
          const attempt = nursery.startSoon(async () => {
            try {
              connected.push(await connectTo(address));
              nursery.cancelScope.cancel("another address was faster");
            } catch (error) {
              rethrowIfCancelled(error);
              errors.push(error);
            }
          });
          await moveOnAfter(delayMs, () => attempt.join());
        }
      },
      { name: "happy eyeballs" },
    );
  } catch (error) {
    for (const connection of connected) connection.destroy();
    throw error;
  }
  const [winner, ...late] = connected; // two may have connected in the same moment
  for (const connection of late) connection.destroy();
  return { winner, errors };
}

/** No race, no nursery: most connections go to one address. */
async function connectAlone<C extends Connection>(attempt: Promise<C>): Promise<ConnectOutcome<C>> {
  try {
    return { winner: await attempt, errors: [] };
  } catch (error) {
    rethrowIfCancelled(error);
    return { winner: undefined, errors: [error] };
  }
}

/** IPv6 and IPv4 in turn, beginning with the family that the resolver prefers. */
export function alternateFamilies(addresses: readonly ResolvedAddress[]): ResolvedAddress[] {
  const first = addresses[0]?.family;
  const preferred = addresses.filter(({ family }) => family === first);
  const others = addresses.filter(({ family }) => family !== first);
  return preferred
    .flatMap((address, i) => [address, ...others.slice(i, i + 1)])
    .concat(others.slice(preferred.length));
}

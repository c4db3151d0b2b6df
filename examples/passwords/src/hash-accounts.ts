import { openNursery } from "@espalier/nursery";
import { CapacityLimiter } from "@espalier/sync";
import { threadModule, toThread } from "@espalier/to-thread";
import type { Account } from "./accounts.ts";

const hashing = threadModule<typeof import("./hashing.ts")>(new URL("./hashing.js", import.meta.url));

export interface Hashing {
  /** How many threads hash at the same time. */
  readonly threads: number;
  /** scrypt's, a power of two. */
  readonly cost: number;
  /** Milliseconds that a thread has to stop; one password may take longer. */
  readonly graceMs: number;
}

/** One call has so many: a thread asks for the next ones when it is done with these. */
const perCall = 4;

/** Hashes all passwords; `onHashed` is called in this task, in the order in which they are done. */
export async function hashAccounts(
  accounts: readonly Account[],
  { threads, cost, graceMs }: Hashing,
  onHashed: (name: string, hash: string) => void,
): Promise<void> {
  const limiter = new CapacityLimiter(threads);
  await openNursery((nursery) => {
    for (let i = 0; i < accounts.length; i += perCall) {
      const some = accounts.slice(i, i + perCall);
      nursery.startSoon(
        () => toThread(hashing.hashAll, [some, cost, onHashed], { limiter, onCancel: { graceMs } }),
        { name: `hash ${some[0]!.name}...` },
      );
    }
  });
}

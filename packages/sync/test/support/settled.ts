import { turns } from "@espalier/test-support";

/** Lets everything happen that can happen without anybody's doing: a few turns of the event loop. */
export function settled(): Promise<void> {
  return turns(3);
}

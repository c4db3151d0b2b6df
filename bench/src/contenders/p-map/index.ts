/* eslint-disable @typescript-eslint/await-thenable -- awaiting nothing is the least that lets others run */
import pMap from "p-map";
import type { Contender } from "../../workloads/index.ts";
import { sleepMs } from "../../workloads/sleeps.ts";

/** It maps, without a bound here. It cancels nothing that has begun, and knows no channels, no scopes, no time. */
export const pMapContender: Contender = {
  async spawn(size) {
    let ended = 0;
    await pMap(upTo(size), async () => {
      await null;
      ended++;
    });
    return { ended };
  },

  async nurseryTree(size) {
    let leaves = 0;
    const tree = async (deeper: number): Promise<void> => {
      if (deeper === 0) {
        await null;
        leaves++;
        return;
      }
      await pMap([deeper - 1, deeper - 1], tree);
    };
    await tree(size);
    return { leaves };
  },

  async sleepers(size) {
    let ended = 0;
    await pMap(upTo(size), async (i) => {
      await new Promise((resolve) => setTimeout(resolve, sleepMs(i, size)));
      ended++;
    });
    return { ended };
  },
};

function* upTo(size: number): Generator<number> {
  for (let i = 0; i < size; i++) yield i;
}

/* eslint-disable @typescript-eslint/await-thenable -- awaiting nothing is the least that lets others run */
import pLimit from "p-limit";
import type { Contender } from "../../workloads/index.ts";
import { sleepMs } from "../../workloads/sleeps.ts";

/** It bounds how many run at once; there is no bound here. It cancels nothing that has begun. */
export const pLimitContender: Contender = {
  async spawn(size) {
    let ended = 0;
    const limit = pLimit(Infinity);
    const child = async (): Promise<void> => {
      await null;
      ended++;
    };
    await Promise.all(Array.from({ length: size }, () => limit(child)));
    return { ended };
  },

  async sleepers(size) {
    let ended = 0;
    const limit = pLimit(Infinity);
    const sleeper = async (ms: number): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, ms));
      ended++;
    };
    await Promise.all(Array.from({ length: size }, (_, i) => limit(sleeper, sleepMs(i, size))));
    return { ended };
  },
};

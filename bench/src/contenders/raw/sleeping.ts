import type { Contender } from "../../workloads/index.ts";
import { sleepMs } from "../../workloads/sleeps.ts";
import type { Begin } from "./index.ts";

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Not an AbortSignal: 100,000 listeners on one take minutes, because adding each walks the list of all. */
class Canceller {
  readonly #callbacks: ((reason: Error) => void)[] = [];

  sleep(ms: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, ms);
      this.#callbacks.push((reason) => {
        clearTimeout(timer);
        reject(reason);
      });
    });
  }

  cancel(): void {
    const reason = new Error("cancelled");
    for (const callback of this.#callbacks) callback(reason);
  }
}

export function cancelSleepers(begin: Begin): NonNullable<Contender["cancelSleepers"]> {
  return async (size, meter) => {
    let cancelled = 0;
    let cleanedUp = 0;
    const canceller = new Canceller();
    const sleeper = async (): Promise<void> => {
      try {
        await canceller.sleep(60_000);
      } catch {
        cancelled++;
      } finally {
        cleanedUp++;
      }
    };
    const all = Promise.all(Array.from({ length: size }, () => begin(sleeper)));
    meter.start();
    canceller.cancel();
    await all;
    return { cancelled, cleanedUp };
  };
}

export const sleeps: NonNullable<Contender["sleeps"]> = async (size) => {
  const ended = await Promise.all(Array.from({ length: size }, (_, i) => sleep(sleepMs(i, size))));
  return { ended: ended.length };
};

export function sleepers(begin: Begin): NonNullable<Contender["sleepers"]> {
  return async (size) => {
    let ended = 0;
    const sleeper = async (ms: number): Promise<void> => {
      await sleep(ms);
      ended++;
    };
    await Promise.all(Array.from({ length: size }, (_, i) => begin(() => sleeper(sleepMs(i, size)))));
    return { ended };
  };
}

export function parkedHeap(begin: Begin): NonNullable<Contender["parkedHeap"]> {
  return async (size, meter) => {
    let ended = 0;
    const gates: (() => void)[] = [];
    const before = meter.heapBytes();
    const task = async (): Promise<void> => {
      await new Promise<void>((resolve) => gates.push(resolve));
      ended++;
    };
    const all = Promise.all(Array.from({ length: size }, () => begin(task)));
    const bytes = meter.heapBytes() - before;
    for (const open of gates) open();
    await all;
    return { bytes, ended };
  };
}

import type * as espalierJobs from "./espalier-jobs.ts";
import { openRawPool } from "./raw-pool.ts";

/** Two threads, whoever's they are. */
export interface Pool {
  add(a: number, b: number): Promise<number>;
  /** Moves the bytes there and back. */
  increment(bytes: Uint8Array): Promise<Uint8Array>;
  end(): Promise<void>;
}

export const threads = 2;

/**
 * The pools, loaded when needed: each is measured in a process of its own. `folder` is where the built modules with the jobs
 * are.
 */
export const pools: Readonly<Record<string, (folder: URL) => Promise<Pool>>> = {
  raw: (folder) => openRawPool(new URL("raw-jobs.js", folder), threads),
  async espalier(folder) {
    const { threadLimiter, threadModule, toThread } = await import("@espalier/to-thread");
    threadLimiter.totalTokens = threads;
    const module = threadModule<typeof espalierJobs>(new URL("espalier-jobs.js", folder).href);
    return {
      add: (a, b) => module.add(a, b),
      increment: (bytes) => toThread(module.increment, [bytes], { transfer: [bytes.buffer as ArrayBuffer] }),
      end: async () => {},
    };
  },
  async piscina(folder) {
    const { Piscina } = await import("piscina");
    const pool = new Piscina({
      filename: new URL("piscina-jobs.js", folder).href,
      minThreads: threads,
      maxThreads: threads,
    });
    return {
      add: (a, b) => pool.run([a, b], { name: "add" }) as Promise<number>,
      increment: (bytes) =>
        pool.run(bytes, {
          name: "increment",
          transferList: [bytes.buffer as ArrayBuffer],
        }) as Promise<Uint8Array>,
      end: () => pool.destroy(),
    };
  },
  async tinypool(folder) {
    const { Tinypool } = await import("tinypool");
    const pool = new Tinypool({
      filename: new URL("tinypool-jobs.js", folder).href,
      runtime: "worker_threads",
      minThreads: threads,
      maxThreads: threads,
    });
    return {
      add: (a, b) => pool.run([a, b], { name: "add" }) as Promise<number>,
      increment: (bytes) =>
        pool.run(bytes, {
          name: "increment",
          transferList: [bytes.buffer as ArrayBuffer],
        }) as Promise<Uint8Array>,
      end: () => pool.destroy(),
    };
  },
};

import { Worker } from "node:worker_threads";
import type { Pool } from "./pool.ts";

export type RawCall = readonly [id: number, name: "add" | "increment", args: readonly unknown[]];
export type RawAnswer = readonly [id: number, result: number | Uint8Array];

/**
 * The least code that does the job: the threads take turns, an answer finds its promise by a number. No error crosses, nothing
 * can be cancelled, a thread that dies leaves its callers waiting.
 */
export async function openRawPool(program: URL, threads: number): Promise<Pool> {
  const waiting = new Map<number, (result: never) => void>();
  const workers = Array.from({ length: threads }, () => {
    const worker = new Worker(program);
    worker.on("message", ([id, result]: RawAnswer) => {
      waiting.get(id)!(result as never);
      waiting.delete(id);
    });
    return worker;
  });
  let calls = 0;
  function call<T>(name: RawCall[1], args: readonly unknown[], moved: readonly ArrayBuffer[]): Promise<T> {
    const id = calls++;
    return new Promise((resolve) => {
      waiting.set(id, resolve);
      workers[id % threads]!.postMessage([id, name, args] satisfies RawCall, moved);
    });
  }
  return {
    add: (a, b) => call("add", [a, b], []),
    increment: (bytes) => call("increment", [bytes], [bytes.buffer as ArrayBuffer]),
    async end() {
      for (const worker of workers) await worker.terminate();
    },
  };
}

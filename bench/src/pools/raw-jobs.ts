import { parentPort } from "node:worker_threads";
import type { RawAnswer, RawCall } from "./raw-pool.ts";

const jobs = {
  add: (a: number, b: number): number => a + b,
  increment(bytes: Uint8Array): Uint8Array {
    bytes[0]!++;
    return bytes;
  },
};

parentPort!.on("message", ([id, name, args]: RawCall) => {
  const result = (jobs[name] as (...args: unknown[]) => number | Uint8Array)(...args);
  const moved = typeof result === "number" ? [] : [result.buffer as ArrayBuffer];
  parentPort!.postMessage([id, result] satisfies RawAnswer, moved);
});

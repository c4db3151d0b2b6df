import { setTimeout } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Lets the garbage collector take all that nothing holds, and gives it a moment to do so. */
export async function collectGarbage(): Promise<void> {
  const collect = collector();
  // More than once: what a promise still held in one turn is free in the next.
  for (let i = 0; i < 5; i++) {
    await setTimeout(10);
    collect();
  }
}

function collector(): () => void {
  const { Bun: bun } = globalThis as { Bun?: { gc(force: boolean): void } };
  if (bun !== undefined) return () => bun.gc(true);
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}

import { run } from "@espalier/core";
import { MockClock, runWith, SeededScheduler } from "@espalier/core/testing";

/** Runs `main` in virtual time: the clock jumps when every task waits. */
export function virtually<T>(main: () => Promise<T> | T): Promise<T> {
  return run(main, { clock: new MockClock({ autojumpThresholdMs: 0 }) });
}

/** The same, with resumptions in an order made from a seed. */
export function seeded<T>(seed: number, main: () => Promise<T> | T): Promise<T> {
  return runWith(main, {
    clock: new MockClock({ autojumpThresholdMs: 0 }),
    scheduler: new SeededScheduler(seed),
    deadlockWhenBlocked: true,
  });
}

/** A promise that never settles, from outside the library. */
export const never: Promise<never> = new Promise(() => undefined);

/** A body that raises. */
export function failing(message: string): () => Promise<never> {
  return async () => {
    throw new Error(message);
  };
}

import { Cancelled } from "@espalier/core";

/**
 * The same promise, except that nobody is obliged to look at it when it rejects with `Cancelled`. For operations that have
 * something left to do after their wait has ended: the core keeps a wait quiet whose scope is left before it, but what is
 * derived from that wait is a promise of its own.
 */
export function quietly<T>(promise: Promise<T>): Promise<T> {
  const result: Promise<T> = promise.catch((error: unknown) => {
    if (error instanceof Cancelled) result.catch(ignore);
    throw error;
  });
  return result;
}

function ignore(): void {
  // the next checkpoint raises it again
}

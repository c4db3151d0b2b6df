import { isCancelledItself } from "./errors.ts";
import { allowUnhandled } from "./unhandled.ts";

/**
 * Runs an async operation whose promise nobody is obliged to look at when it rejects with `Cancelled`. The core keeps a
 * parked operation quiet whose scope is left before it; an async function that waits for one has a promise of its own, and
 * this does the same for that. Law 7: what is forgotten must not end the process.
 *
 * An async function around the body, and not a reaction to its promise: stack traces go through it.
 */
export function quietly<T>(body: () => Promise<T>): Promise<T> {
  const own: { promise?: Promise<T> } = {};
  own.promise = settle(body, own);
  return own.promise;
}

async function settle<T>(body: () => Promise<T>, own: { readonly promise?: Promise<T> }): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (isCancelledItself(error) && own.promise !== undefined) allowUnhandled(own.promise);
    throw error;
  }
}

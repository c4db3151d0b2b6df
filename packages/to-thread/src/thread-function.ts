import type { Target } from "./target.ts";

/** A callback may be async on this side: the thread waits for it. */
type Crossing<A> = A extends (...args: infer P) => infer R ? (...args: P) => R | Promise<Awaited<R>> : A;

/** The parameters of a function, as the calling side may give them. */
export type ThreadArguments<P extends readonly unknown[]> = { [I in keyof P]: Crossing<P[I]> };

/** A function that runs in a thread. */
export type ThreadFunction<F> = F extends (...args: infer P) => infer R
  ? (...args: ThreadArguments<P>) => Promise<Awaited<R>>
  : never;

/** Under a global symbol, so that another installed copy knows our functions. */
const targetKey = Symbol.for("@espalier/to-thread:target");

/** Marks a function as one of {@link ThreadFunction}. */
export function nameThreadFunction<F extends (...args: never[]) => unknown>(target: Target, fn: F): F {
  Object.defineProperty(fn, "name", { value: target.name, configurable: true });
  Object.defineProperty(fn, targetKey, { value: target });
  return fn;
}

/** What a function of a thread module calls; `undefined` for any other value. */
export function targetOf(fn: unknown): Target | undefined {
  if (typeof fn !== "function") return undefined;
  return (fn as { [targetKey]?: Target })[targetKey];
}

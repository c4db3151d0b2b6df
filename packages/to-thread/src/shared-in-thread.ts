/*
 * What all installed copies of this package share in one thread: a user's module in a worker may have been given another
 * copy than the one that runs there, and still has to see the call that it is in.
 */
const key = Symbol.for("@espalier/to-thread:v0");

/** Gives the object in the slot, made by `make` if this is the first copy that asks. */
export function sharedInThread<T>(slot: string, make: () => T): T {
  const holder = globalThis as { [key]?: Map<string, unknown> };
  const slots = holder[key] ?? new Map<string, unknown>();
  holder[key] = slots;
  if (!slots.has(slot)) slots.set(slot, make());
  return slots.get(slot) as T;
}

/**
 * What all installed copies of this package share.
 *
 * Two versions of one major can meet in one process (an app and a library that each installed their own). They
 * must see one tree of cancel statuses, so the few objects that carry state hang under one global symbol: the first
 * copy that needs one makes it, later copies use it. The layout of what is shared is frozen for the major (see
 * docs/decisions/0002-two-copies.md); classes are never compared by identity across copies, only called by method or
 * recognised by brand.
 */
const key = Symbol.for("@espalier/core:v0");

/** Gives the object in the slot, made by `make` if this is the first copy that asks. */
export function shared<T>(slot: string, make: () => T): T {
  const holder = globalThis as { [key]?: Map<string, unknown> };
  const slots = holder[key] ?? new Map<string, unknown>();
  holder[key] = slots;
  if (!slots.has(slot)) slots.set(slot, make());
  return slots.get(slot) as T;
}

import type { AsyncLocalStorage } from "node:async_hooks";
import { sharedInThread } from "./shared-in-thread.ts";

/** The storages whose values travel, by the key that both sides know them by. */
const carried: Map<string, AsyncLocalStorage<unknown>> = sharedInThread(
  "stores",
  () => new Map<string, AsyncLocalStorage<unknown>>(),
);

/**
 * Lets the value of an `AsyncLocalStorage` travel with every call into a thread, and be there inside the call. Both sides
 * have to register their storage under the same key; the simplest way is one module that makes the storage and registers
 * it, imported by both. A value that cannot be cloned stays at home: inside the call the storage is empty then.
 *
 * @checkpoint never
 * @param key - The name by which both sides know it. Registering it again replaces the storage.
 * @throws {TypeError} `key` is not a string, or `storage` not an `AsyncLocalStorage`.
 * @example
 * ```ts
 * import { AsyncLocalStorage } from "node:async_hooks";
 * import { carryStore } from "@espalier/to-thread";
 *
 * export const requestId = new AsyncLocalStorage<string>();
 * carryStore("requestId", requestId);
 * ```
 */
export function carryStore<T>(key: string, storage: AsyncLocalStorage<T>): void {
  if (
    typeof key !== "string" ||
    typeof (storage as Partial<AsyncLocalStorage<T>> | undefined)?.getStore !== "function"
  )
    throw new TypeError(
      "carryStore needs a key and an AsyncLocalStorage: carryStore('requestId', requestId).",
    );
  carried.set(key, storage as AsyncLocalStorage<unknown>);
}

export type CarriedValues = readonly (readonly [key: string, value: unknown])[];

/** The values of this moment; `undefined` if there are none. */
export function captureStores(): CarriedValues | undefined {
  if (carried.size === 0) return undefined;
  const values: (readonly [string, unknown])[] = [];
  for (const [key, storage] of carried) {
    const value = storage.getStore();
    if (value !== undefined) values.push([key, value]);
  }
  return values.length === 0 ? undefined : values;
}

/** Those that can be cloned. */
export function cloneableOf(values: CarriedValues): CarriedValues {
  return values.filter(([, value]) => {
    try {
      structuredClone(value);
      return true;
    } catch {
      return false;
    }
  });
}

/** Runs `body` with the values that came with a call. */
export function withStores<R>(values: CarriedValues | undefined, body: () => R): R {
  if (values === undefined) return body();
  return values.reduceRight((inner: () => R, [key, value]) => {
    const storage = carried.get(key);
    return storage === undefined ? inner : () => storage.run(value, inner);
  }, body)();
}

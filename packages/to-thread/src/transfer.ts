import type { Transferable } from "node:worker_threads";
import { sharedInThread } from "./shared-in-thread.ts";

/** What is moved along with a value, by the value. */
const moving: WeakMap<object, readonly Transferable[]> = sharedInThread("transfers", () => new WeakMap());

/**
 * Marks what is to be moved, instead of copied, when `value` is the result of a call into a thread, or an argument or the
 * result of a callback. What was moved cannot be used on this side any more. (Arguments of a call are moved by the option
 * `transfer` of `toThread`.)
 *
 * @checkpoint never
 * @param value - The object that will cross.
 * @param list - The `ArrayBuffer`s, `MessagePort`s and the like in it that are to be moved.
 * @returns The same value.
 * @throws {TypeError} `value` is not an object, or `list` not an array.
 * @example
 * ```ts
 * import { transfer } from "@espalier/to-thread/worker";
 *
 * export function render(width: number, height: number): Uint8Array {
 *   const pixels = new Uint8Array(width * height * 4);
 *   return transfer(pixels, [pixels.buffer]); // not copied on its way back
 * }
 * ```
 */
export function transfer<T extends object>(value: T, list: readonly Transferable[]): T {
  if (typeof value !== "object" || (value as object | null) === null || !Array.isArray(list))
    throw new TypeError(
      "transfer needs the object that will cross, and a list of what is moved along with it.",
    );
  moving.set(value, list);
  return value;
}

/** What is to be moved along with this value. */
export function transfersOf(value: unknown): readonly Transferable[] {
  if (typeof value !== "object" || value === null) return none;
  return moving.get(value) ?? none;
}

const none: readonly Transferable[] = [];

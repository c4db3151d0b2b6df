import { errorText } from "@espalier/core/lowlevel";

/** What happens to an item for which there is no room. */
export type Overflow =
  /** The sender waits until there is room. */
  | "block"
  /** The oldest item that nobody has received yet makes room for the new one. */
  | "dropOldest"
  /** The new item is dropped. */
  | "dropNewest"
  /** It is an error. */
  | "error";

/**
 * Checks an `overflow` option.
 *
 * @throws {TypeError} it is not one of `allowed`.
 */
export function checkOverflow(overflow: unknown, allowed: readonly Overflow[], where: string): void {
  if ((allowed as readonly unknown[]).includes(overflow)) return;
  const list = allowed.map((each) => `"${each}"`).join(", ");
  const given = typeof overflow === "string" ? `"${overflow}"` : errorText(overflow);
  throw new TypeError(`${where} needs overflow to be one of ${list}, not ${given}.`);
}

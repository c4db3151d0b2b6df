import { checkpoint } from "@espalier/core";

/**
 * Gives back what it was given, after a checkpoint. Put the package's first idea in its place, in a file named after
 * it.
 *
 * @checkpoint always
 * @cancellation Nothing has happened.
 * @param value - What comes back.
 * @throws {Cancelled} the surrounding scope is cancelled.
 * @example
 * ```ts run
 * console.log(await placeholder(1));
 * ```
 * ```text output
 * 1
 * ```
 */
export async function placeholder<T>(value: T): Promise<T> {
  await checkpoint();
  return value;
}

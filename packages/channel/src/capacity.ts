/**
 * Checks how many items a buffer may hold.
 *
 * @throws {TypeError} it is not a number.
 * @throws {RangeError} it is not 0, 1, 2, ... or Infinity.
 */
export function checkCapacity(capacity: unknown, where: string): void {
  if (typeof capacity !== "number")
    throw new TypeError(`${where} needs a number as capacity, not ${typeof capacity}.`);
  if (capacity === Infinity || (Number.isInteger(capacity) && capacity >= 0)) return;
  throw new RangeError(`${where} needs a capacity of 0, 1, 2, ... or Infinity, not ${capacity}.`);
}

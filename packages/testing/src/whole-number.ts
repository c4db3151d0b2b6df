/**
 * Checks a whole number.
 *
 * @throws {TypeError} it is not a number.
 * @throws {RangeError} it is not whole, or below `least`.
 */
export function checkWhole(value: unknown, where: string, least: number = Number.MIN_SAFE_INTEGER): void {
  if (typeof value !== "number") throw new TypeError(`${where} needs a whole number, not ${typeof value}.`);
  if (Number.isSafeInteger(value) && value >= least) return;
  const range = least === Number.MIN_SAFE_INTEGER ? "" : ` of ${least} or more`;
  throw new RangeError(`${where} needs a whole number${range}, not ${value}.`);
}

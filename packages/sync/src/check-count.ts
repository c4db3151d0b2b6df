/*
 * How many: permits, tokens, parties, waiters to wake. Wrong ones are told at once.
 */

/**
 * Checks a whole number.
 *
 * @param value - What was given.
 * @param where - What it was given to, as the user wrote it.
 * @param least - The smallest that makes sense.
 * @param unlimited - Whether `Infinity` does.
 * @throws {TypeError} it is not a number.
 * @throws {RangeError} it is not a whole number, or too small.
 */
export function checkCount(value: unknown, where: string, least: number, unlimited: boolean): void {
  if (typeof value !== "number")
    throw new TypeError(`${where} needs a number, not ${value === null ? "null" : typeof value}.`);
  if (Number.isInteger(value) ? value >= least : unlimited && value === Infinity) return;
  throw new RangeError(
    `${where} needs a whole number, ${least} or more${unlimited ? ", or Infinity" : ""}, not ${value}.`,
  );
}

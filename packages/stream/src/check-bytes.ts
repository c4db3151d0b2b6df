/** @throws {TypeError} it is not bytes. */
export function checkBytes(bytes: unknown, where: string): asserts bytes is Uint8Array {
  if (bytes instanceof Uint8Array) return;
  const remedy =
    typeof bytes === "string"
      ? "encode the string: new TextEncoder().encode(text)"
      : "wrap it: new Uint8Array(...)";
  throw new TypeError(`${where} needs a Uint8Array, not ${kindOf(bytes)}; ${remedy}.`);
}

/**
 * @throws {TypeError} it is not a number.
 * @throws {RangeError} it is not a number of bytes.
 */
export function checkMax(max: unknown, where: string): void {
  if (max === undefined || max === Infinity || (Number.isInteger(max) && (max as number) >= 1)) return;
  throw wrongNumber(`${where} needs a number of bytes of 1 or more`, max);
}

/**
 * @throws {TypeError} it is not a number.
 * @throws {RangeError} it is not a number of bytes.
 */
export function checkCount(count: unknown, where: string): void {
  if (Number.isInteger(count) && (count as number) >= 0) return;
  throw wrongNumber(`${where} needs a whole number of bytes of 0 or more`, count);
}

/**
 * @throws {TypeError} it is not bytes.
 * @throws {RangeError} it is empty.
 */
export function checkDelimiter(delimiter: unknown): void {
  if (!(delimiter instanceof Uint8Array)) {
    const wanted = "receiveUntil needs a delimiter of bytes (a Uint8Array) or a string";
    throw new TypeError(`${wanted}, not ${kindOf(delimiter)}.`);
  }
  if (delimiter.length === 0) throw new RangeError("receiveUntil needs a delimiter that is not empty.");
}

function wrongNumber(wanted: string, value: unknown): TypeError | RangeError {
  return typeof value === "number"
    ? new RangeError(`${wanted}, not ${value}.`)
    : new TypeError(`${wanted}, not ${kindOf(value)}.`);
}

/** A value in words: what was given instead of what was wanted. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

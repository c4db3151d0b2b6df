/** @throws {TypeError} it is not bytes. */
export function checkBytes(bytes: unknown, where: string): asserts bytes is Uint8Array {
  if (bytes instanceof Uint8Array) return;
  const remedy =
    typeof bytes === "string"
      ? "encode the string: new TextEncoder().encode(text)"
      : "wrap it: new Uint8Array(...)";
  throw new TypeError(
    `${where} needs a Uint8Array, not ${bytes === null ? "null" : `a ${typeof bytes}`}; ${remedy}.`,
  );
}

/**
 * @throws {TypeError} it is not a number.
 * @throws {RangeError} it is not a number of bytes.
 */
export function checkMax(max: unknown, where: string): void {
  if (max === undefined || max === Infinity || (Number.isInteger(max) && (max as number) >= 1)) return;
  const wanted = `${where} needs a number of bytes of 1 or more`;
  if (typeof max !== "number")
    throw new TypeError(`${wanted}, not ${max === null ? "null" : `a ${typeof max}`}.`);
  throw new RangeError(`${wanted}, not ${max}.`);
}

/**
 * @throws {TypeError} it is not a number.
 * @throws {RangeError} it is not a number of bytes.
 */
export function checkCount(count: unknown, where: string): void {
  if (Number.isInteger(count) && (count as number) >= 0) return;
  const wanted = `${where} needs a whole number of bytes of 0 or more`;
  if (typeof count !== "number")
    throw new TypeError(`${wanted}, not ${count === null ? "null" : `a ${typeof count}`}.`);
  throw new RangeError(`${wanted}, not ${count}.`);
}

/**
 * @throws {TypeError} it is not bytes.
 * @throws {RangeError} it is empty.
 */
export function checkDelimiter(delimiter: unknown): void {
  if (!(delimiter instanceof Uint8Array)) {
    const what = delimiter === null ? "null" : `a ${typeof delimiter}`;
    throw new TypeError(`receiveUntil needs a delimiter of bytes (a Uint8Array) or a string, not ${what}.`);
  }
  if (delimiter.length === 0) throw new RangeError("receiveUntil needs a delimiter that is not empty.");
}

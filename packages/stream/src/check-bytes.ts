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

/** @throws {RangeError} it is not a number of bytes. */
export function checkMax(max: unknown, where: string): void {
  if (max === undefined || max === Infinity || (Number.isInteger(max) && (max as number) >= 1)) return;
  throw new RangeError(`${where} needs a number of bytes of 1 or more, not ${max as string}.`);
}

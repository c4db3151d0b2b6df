/**
 * Recognition of our objects across installed copies: a class carries its brand as a static string, and belonging is
 * decided by that string anywhere on the prototype chain, not by the identity of the class.
 */
export function hasBrand(value: unknown, brand: string): boolean {
  if (typeof value !== "object" || value === null) return false;
  for (let link: unknown = Object.getPrototypeOf(value); link !== null; link = Object.getPrototypeOf(link)) {
    const owner: unknown = Object.hasOwn(link as object, "constructor")
      ? (link as { constructor: unknown }).constructor
      : undefined;
    if (
      typeof owner === "function" &&
      Object.hasOwn(owner, "brand") &&
      (owner as { brand?: unknown }).brand === brand
    )
      return true;
  }
  return false;
}

/**
 * `instanceof` for a branded class. A class without a brand of its own (a user's subclass) keeps the ordinary rule.
 *
 * @param type - The class on the right of `instanceof`.
 * @param value - What is asked about.
 */
export function isInstance(type: unknown, value: unknown): boolean {
  if (typeof type !== "function") return false;
  if (Object.hasOwn(type, "brand")) return hasBrand(value, (type as unknown as { brand: string }).brand);
  return Function.prototype[Symbol.hasInstance].call(type, value);
}

/*
 * Looking at what somebody else has made: what was thrown, what a call was given. Each property may be anything, and may
 * throw when it is read; an error in here would take the place of the one that it is about.
 */

/** A property of any value; `undefined` if it cannot be read. Never throws. */
export function read(value: unknown, key: PropertyKey): unknown {
  try {
    return (value as Record<PropertyKey, unknown>)[key];
  } catch {
    return undefined;
  }
}

/** Whether it is an error, also of another realm. Never throws. */
export function isError(value: unknown): value is Error {
  try {
    return value instanceof Error || Object.prototype.toString.call(value) === "[object Error]";
  } catch {
    return false;
  }
}

/** In a few words, whatever it is. Never throws. */
export function describe(value: unknown): string {
  switch (typeof value) {
    case "function": {
      const name = read(value, "name");
      return typeof name === "string" && name !== "" ? `the function ${name}` : "a function";
    }
    case "object": {
      if (value === null) return "null";
      const name = read(read(value, "constructor"), "name");
      return typeof name === "string" && name !== "" ? `an object of ${name}` : "an object";
    }
    default:
      return String(value);
  }
}

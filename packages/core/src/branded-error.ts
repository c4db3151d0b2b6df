import { isInstance } from "./brand.ts";

const prefix = "espalier.";

/**
 * What the errors of all packages have in common: `instanceof` across installed copies, and a name for printing. Both come
 * from the brand, `"espalier."` and the name of the class, which each class has for its own.
 */
export abstract class BrandedError extends Error {
  static readonly brand: string = `${prefix}Error`;

  override get name(): string {
    return nameOf(this);
  }
  override set name(name: string) {
    rename(this, name);
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return isInstance(this, value);
  }
}

/** The same for errors that are groups of errors. */
export abstract class BrandedAggregateError extends AggregateError {
  static readonly brand: string = `${prefix}AggregateError`;

  override get name(): string {
    return nameOf(this);
  }
  override set name(name: string) {
    rename(this, name);
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return isInstance(this, value);
  }
}

function nameOf(error: Error): string {
  return (error.constructor as typeof BrandedError).brand.slice(prefix.length);
}

/** For subclasses, which as a rule assign their name: it becomes the error's own, unseen as in the prototype. */
function rename(error: Error, name: string): void {
  Object.defineProperty(error, "name", { value: name, writable: true, configurable: true });
}

import { isInstance } from "@espalier/core/lowlevel";

/**
 * The errors that ended a nursery: the body's first, then the children's in order of failure. It is raised always, even
 * for one error, so that the caller's `catch` need not know how many there were; none is dropped.
 *
 * Use `splitError` to pick what you can handle, `unwrapSingle` where exactly one is expected, `flattenErrors` for logs.
 */
export class NurseryError extends AggregateError {
  static readonly brand: string = "espalier.NurseryError";

  override get name(): string {
    return "NurseryError";
  }
  /** For subclasses, as in `BrandedError`. */
  override set name(name: string) {
    Object.defineProperty(this, "name", { value: name, writable: true, configurable: true });
  }

  /** A group of the same kind with other members; the scopes use it to take cancellations out of a mixed group. */
  derive(errors: readonly unknown[]): NurseryError {
    return regroup(this, errors);
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return isInstance(this, value);
  }
}

// Outside of the class: a class that names itself is printed as _NurseryError once it is bundled.
function regroup({ message, cause }: NurseryError, errors: readonly unknown[]): NurseryError {
  return new NurseryError(errors, message, cause === undefined ? undefined : { cause });
}

/** More errors than this are only counted, and more text of one is cut off: a thousand tasks may fail with a page each. */
const shown = { errors: 5, characters: 200 };

/** The group for a nursery of this name. */
export function nurseryError(name: string, errors: readonly unknown[]): NurseryError {
  const count = errors.length === 1 ? "1 error" : `${errors.length} errors`;
  const summaries = errors.slice(0, shown.errors).map(summary);
  if (errors.length > shown.errors) summaries.push(`and ${errors.length - shown.errors} more`);
  return new NurseryError(errors, `${count} in the nursery "${name}": ${summaries.join("; ")}`);
}

/** Never throws, whatever was thrown: an error in here would take the place of all the others. */
function summary(error: unknown): string {
  let text: string;
  try {
    text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  } catch {
    text = "something that has no text";
  }
  return text.length > shown.characters ? `${text.slice(0, shown.characters)}...` : text;
}

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

  /** A group of the same kind with other members; the scopes use it to take cancellations out of a mixed group. */
  derive(errors: readonly unknown[]): NurseryError {
    const options = this.cause === undefined ? undefined : { cause: this.cause };
    return new NurseryError(errors, this.message, options);
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return isInstance(this, value);
  }
}

/** The group for a nursery of this name. */
export function nurseryError(name: string, errors: readonly unknown[]): NurseryError {
  const count = errors.length === 1 ? "1 error" : `${errors.length} errors`;
  return new NurseryError(errors, `${count} in the nursery "${name}": ${errors.map(summary).join("; ")}`);
}

function summary(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

import { BrandedAggregateError, errorsText } from "@espalier/core/lowlevel";

/**
 * The errors that ended a nursery: the body's first, then the children's in order of failure. It is raised always, even
 * for one error, so that the caller's `catch` need not know how many there were; none is dropped.
 *
 * Use `splitError` to pick what you can handle, `unwrapSingle` where exactly one is expected, `flattenErrors` for logs.
 */
export class NurseryError extends BrandedAggregateError {
  static override readonly brand: string = "espalier.NurseryError";

  /** A group of the same kind with other members; the scopes use it to take cancellations out of a mixed group. */
  derive(errors: readonly unknown[]): NurseryError {
    return regroup(this, errors);
  }
}

// Outside of the class: a class that names itself is printed as _NurseryError once it is bundled.
function regroup({ message, cause }: NurseryError, errors: readonly unknown[]): NurseryError {
  return new NurseryError(errors, message, cause === undefined ? undefined : { cause });
}

/** The group for a nursery of this name. */
export function nurseryError(name: string, errors: readonly unknown[]): NurseryError {
  const count = errors.length === 1 ? "1 error" : `${errors.length} errors`;
  return new NurseryError(errors, `${count} in the nursery "${name}": ${errorsText(errors)}`);
}

import { BrandedAggregateError, errorText } from "@espalier/core/lowlevel";

/**
 * An item of a retrying channel was tried as often as the channel allows, and each attempt failed. `errors` holds the error of
 * each attempt, in order; the item is in `unsent`.
 */
export class DeliveryFailedError extends BrandedAggregateError {
  static override readonly brand: string = "espalier.DeliveryFailedError";
  /** The item that could not be processed. */
  readonly unsent: unknown;

  /** @internal */
  constructor(
    errors: readonly unknown[],
    message: string,
    options: ErrorOptions & { readonly unsent: unknown },
  ) {
    super(errors, message, options);
    this.unsent = options.unsent;
  }

  /** The same failure with other errors; the scopes use it to take cancellations out of a mixed group. */
  derive(errors: readonly unknown[]): DeliveryFailedError {
    return regroup(this, errors);
  }
}

// Outside of the class: a class that names itself is printed as _DeliveryFailedError once it is bundled.
function regroup(
  { message, unsent, cause }: DeliveryFailedError,
  errors: readonly unknown[],
): DeliveryFailedError {
  return new DeliveryFailedError(errors, message, cause === undefined ? { unsent } : { unsent, cause });
}

/** For an item whose attempts have run out. */
export function deliveryFailed(errors: readonly unknown[], unsent: unknown): DeliveryFailedError {
  const attempts = errors.length === 1 ? "1 attempt" : `${errors.length} attempts`;
  return new DeliveryFailedError(
    errors,
    `The item was not processed in ${attempts}; it is in \`unsent\`. The last one failed with ${errorText(errors.at(-1))}`,
    { unsent },
  );
}

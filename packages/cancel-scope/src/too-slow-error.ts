import { BrandedError } from "@espalier/core/lowlevel";

/** The time limit of `failAfter` or `failAt` ran out. */
export class TooSlowError extends BrandedError {
  static override readonly brand: string = "espalier.TooSlowError";
}

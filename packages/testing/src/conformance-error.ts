import { BrandedAggregateError } from "@espalier/core/lowlevel";

/** What was checked does not do what it has to: one error for each rule that is broken. */
export class ConformanceError extends BrandedAggregateError {
  static override readonly brand: string = "espalier.ConformanceError";
}

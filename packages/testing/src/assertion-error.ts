import { BrandedError } from "@espalier/core/lowlevel";

/** A claim about a program turned out to be wrong. Named as test runners expect it; made by the tools of this package. */
export class AssertionError extends BrandedError {
  static override readonly brand: string = "espalier.AssertionError";
}

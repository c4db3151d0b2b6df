import { isInstance } from "@espalier/core/lowlevel";

/** A claim about a program turned out to be wrong. Named as test runners expect it; made by the tools of this package. */
export class AssertionError extends Error {
  static readonly brand: string = "espalier.AssertionError";

  override get name(): string {
    return "AssertionError";
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return isInstance(this, value);
  }
}

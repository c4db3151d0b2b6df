import { isInstance } from "@espalier/core/lowlevel";

/** The time limit of `failAfter` or `failAt` ran out. */
export class TooSlowError extends Error {
  static readonly brand: string = "espalier.TooSlowError";

  override get name(): string {
    return "TooSlowError";
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return isInstance(this, value);
  }
}

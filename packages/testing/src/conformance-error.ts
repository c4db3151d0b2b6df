import { isInstance } from "@espalier/core/lowlevel";

/** What was checked does not do what it has to: one error for each rule that is broken. */
export class ConformanceError extends AggregateError {
  static readonly brand: string = "espalier.ConformanceError";

  override get name(): string {
    return "ConformanceError";
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return isInstance(this, value);
  }
}

import { isInstance } from "@espalier/core/lowlevel";

/** More bytes came than the limit allows: a line without end, an answer that is too long. Nothing was taken. */
export class LimitExceededError extends Error {
  static readonly brand: string = "espalier.LimitExceededError";
  /** The limit, in bytes. */
  readonly maxBytes: number;

  constructor(message: string, maxBytes: number) {
    super(message);
    this.maxBytes = maxBytes;
  }

  override get name(): string {
    return "LimitExceededError";
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return isInstance(this, value);
  }
}

/** The stream ended in the middle of what was to be read. */
export class IncompleteReadError extends Error {
  static readonly brand: string = "espalier.IncompleteReadError";
  /** What came before the end. */
  readonly partial: Uint8Array;

  constructor(message: string, partial: Uint8Array) {
    super(message);
    this.partial = partial;
  }

  override get name(): string {
    return "IncompleteReadError";
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return isInstance(this, value);
  }
}

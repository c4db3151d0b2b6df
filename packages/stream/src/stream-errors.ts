import { BrandedError } from "@espalier/core/lowlevel";

/** More bytes came than the limit allows: a line without end, an answer that is too long. Nothing was taken. */
export class LimitExceededError extends BrandedError {
  static override readonly brand: string = "espalier.LimitExceededError";
  /** The limit, in bytes. */
  readonly maxBytes: number;

  constructor(message: string, maxBytes: number) {
    super(message);
    this.maxBytes = maxBytes;
  }
}

/** The stream ended in the middle of what was to be read. */
export class IncompleteReadError extends BrandedError {
  static override readonly brand: string = "espalier.IncompleteReadError";
  /** What came before the end. */
  readonly partial: Uint8Array;

  constructor(message: string, partial: Uint8Array) {
    super(message);
    this.partial = partial;
  }
}

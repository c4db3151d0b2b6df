import { expect } from "vitest";

/** What a promise rejects with; fails if it does not. */
export async function rejection(promise: PromiseLike<unknown>): Promise<unknown> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  throw new Error(`expected a rejection, got ${String(value)}`);
}

/** What a function throws; fails if it does not. */
export function thrownBy(body: () => unknown): unknown {
  let value: unknown;
  try {
    value = body();
  } catch (error) {
    return error;
  }
  throw new Error(`expected it to throw, got ${String(value)}`);
}

/** Expects an error of this class whose message matches: what is wrong, and the remedy. */
export function expectError(error: unknown, type: new (...args: never[]) => Error, message: RegExp): void {
  expect(error).toBeInstanceOf(type);
  expect((error as Error).message).toMatch(message);
}

/** What a promise rejects with; fails if it does not. */
export async function rejection(promise: PromiseLike<unknown>): Promise<Error> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    if (error instanceof Error) return error;
    throw new Error(`expected an error, got ${String(error)}`, { cause: error });
  }
  throw new Error(`expected a rejection, got ${String(value)}`);
}

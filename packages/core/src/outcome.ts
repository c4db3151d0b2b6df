/** How something ended, as a value: for carrying a result or an error across a border. */
export type Outcome<T> =
  { readonly kind: "value"; readonly value: T } | { readonly kind: "error"; readonly error: unknown };

/** Runs `body` to its end and gives its outcome; never rejects. A `Cancelled` is an error like any other here. */
export async function captureOutcome<T>(body: () => Promise<T> | T): Promise<Outcome<T>> {
  try {
    return { kind: "value", value: await body() };
  } catch (error) {
    return { kind: "error", error };
  }
}

/** Returns the value or throws the error. */
export function unwrapOutcome<T>(outcome: Outcome<T>): T {
  if (outcome.kind === "error") throw outcome.error;
  return outcome.value;
}

/*
 * Words about what was thrown, or given where something else is wanted, for the message of another error. It may be anything,
 * also an object whose getters throw or one without a prototype, and nothing here throws: an error in here would take the
 * place of the one it is about.
 */

/** Of a group more errors than this are only counted, and more text of one is cut off: a thousand tasks may fail with a page each. */
const shown = { errors: 5, characters: 200 };

/** One error in one line: `"TypeError: not a number"`. */
export function errorText(error: unknown): string {
  return attempt(() => (error instanceof Error ? `${error.name}: ${error.message}` : String(error)));
}

/** Why, without the name of the class: `"not a number"`. */
export function errorMessage(error: unknown): string {
  return attempt(() => String(error instanceof Error ? error.message : error));
}

/** What a cancellation was given as its reason: an error or a plain value as it is; another object has no text worth having. */
export function reasonText(reason: unknown): string {
  return attempt(() =>
    typeof reason === "object" && !(reason instanceof Error) ? "an object" : errorText(reason),
  );
}

/** Several errors in one line, however many there are: `"Error: first; Error: second; and 3 more"`. */
export function errorsText(errors: readonly unknown[]): string {
  const texts = errors.slice(0, shown.errors).map((error) => {
    const text = errorText(error);
    return text.length > shown.characters ? `${text.slice(0, shown.characters)}...` : text;
  });
  if (errors.length > shown.errors) texts.push(`and ${errors.length - shown.errors} more`);
  return texts.join("; ");
}

function attempt(wording: () => string): string {
  try {
    return wording();
  } catch {
    return "something that has no text";
  }
}

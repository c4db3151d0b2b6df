import { NurseryError } from "@espalier/nursery";

/** One error as itself; several as a group, in the order given. There must be one. */
export function combinedError(caller: string, errors: readonly unknown[]): unknown {
  return errors.length === 1 ? errors[0] : errorGroup(`${errors.length} errors in ${caller}`, errors);
}

/** More errors than this are only counted, and more text of one is cut off. */
const shown = { errors: 5, characters: 200 };

/** A group, also of one error: what `splitError` and its kin take apart. */
export function errorGroup(title: string, errors: readonly unknown[]): NurseryError {
  const summaries = errors.slice(0, shown.errors).map(summary);
  if (errors.length > shown.errors) summaries.push(`and ${errors.length - shown.errors} more`);
  return new NurseryError(errors, `${title}: ${summaries.join("; ")}`);
}

/** Never throws, whatever was thrown: an error in here would take the place of all the others. */
function summary(error: unknown): string {
  let text: string;
  try {
    text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  } catch {
    text = "something that has no text";
  }
  return text.length > shown.characters ? `${text.slice(0, shown.characters)}...` : text;
}

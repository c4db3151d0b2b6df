import { errorsText } from "@espalier/core/lowlevel";
import { NurseryError } from "@espalier/nursery";

/** One error as itself; several as a group, in the order given. There must be one. */
export function combinedError(caller: string, errors: readonly unknown[]): unknown {
  return errors.length === 1 ? errors[0] : errorGroup(`${errors.length} errors in ${caller}`, errors);
}

/** A group, also of one error: what `splitError` and its kin take apart. */
export function errorGroup(title: string, errors: readonly unknown[]): NurseryError {
  return new NurseryError(errors, `${title}: ${errorsText(errors)}`);
}

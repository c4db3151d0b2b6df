import { checkCancelled } from "@espalier/to-thread/worker";

/** Tells half of it on the way, and gives the whole. */
export function double(number, onProgress) {
  onProgress(number);
  return number * 2;
}

/** Goes on until it is cancelled. */
export function spin() {
  for (;;) checkCancelled();
}

/**
 * Sets how many frames the stack of a new error holds, and gives the number that it was, to set again afterwards.
 *
 * Where `Error` is frozen (`node --frozen-intrinsics`, `lockdown()` of SES, also after this was loaded) it does nothing:
 * stacks are longer or shorter than wanted then, and cost what they cost.
 */
export function limitStacks(frames: number): number {
  const before = Error.stackTraceLimit;
  try {
    Error.stackTraceLimit = frames;
  } catch {
    // frozen
  }
  return before;
}

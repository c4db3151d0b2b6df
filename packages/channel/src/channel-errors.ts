import { BrokenResourceError, ClosedResourceError, EndOfChannel } from "@espalier/core";

/*
 * How the kinds of channel say the same thing.
 */

/** This end was closed by its own side. */
export function closedError(direction: "send" | "receive"): ClosedResourceError {
  return new ClosedResourceError(
    `This ${direction} end of the channel was closed; each task that needs one should hold a clone().`,
  );
}

/** Nobody is left to receive; the item is handed back. `cause` is what went wrong last, where something did. */
export function brokenError(item: unknown, cause?: { readonly error: unknown }): BrokenResourceError {
  return new BrokenResourceError(
    "No receive end of the channel is open any more, so the item cannot arrive; it is in `unsent`.",
    cause === undefined ? { unsent: item } : { unsent: item, cause: cause.error },
  );
}

/** The normal end. */
export function endError(): EndOfChannel {
  return new EndOfChannel(
    "All send ends of the channel are closed, and everything that was sent has been received.",
  );
}

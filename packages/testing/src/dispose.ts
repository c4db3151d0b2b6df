import { isCancelled } from "@espalier/core";

/** Closes, but keeps a cancellation to itself: the next checkpoint raises it. */
export async function dispose(resource: { aclose(): Promise<void> }): Promise<void> {
  try {
    await resource.aclose();
  } catch (error) {
    if (!isCancelled(error)) throw error;
  }
}

import { CancelScope } from "@espalier/cancel-scope";
import { isCancelled } from "@espalier/core";

/** Something that has to be closed, and whose closing may have to wait: a stream, a listener. */
export interface AsyncResource extends AsyncDisposable {
  /**
   * Closes the resource. It always succeeds, also in a cancelled scope (then by force), and can be repeated: the resource
   * is released first, and `Cancelled` is raised afterwards. Whoever waits in the resource gets `ClosedResourceError`.
   *
   * @checkpoint always
   * @cancellation The resource is closed all the same.
   * @throws {Cancelled} the current scope is, or becomes, cancelled.
   */
  aclose(): Promise<void>;
  /** The same for `await using`, but never raises `Cancelled`: that would bury the error that ended the block. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Closes a resource at once, without any farewell: as `aclose()` does in a cancelled scope.
 *
 * @checkpoint never
 */
export async function acloseForcefully(resource: Pick<AsyncResource, "aclose">): Promise<void> {
  const scope = new CancelScope({ name: "acloseForcefully" });
  scope.cancel("closed by force");
  await scope.run(() => dispose(resource));
}

/** What `[Symbol.asyncDispose]` of every resource does. */
export async function dispose(resource: Pick<AsyncResource, "aclose">): Promise<void> {
  try {
    await resource.aclose();
  } catch (error) {
    if (!isCancelled(error)) throw error; // the next checkpoint raises it
  }
}

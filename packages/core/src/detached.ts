import { checkBody } from "./arguments.ts";
import { runIn } from "./context.ts";
import { ambient } from "./runtime.ts";

/**
 * Runs `body` outside every scope, task and run: nobody cancels it but you, and its time is real time. For what begins
 * inside a scope but is meant to outlive it: a connection pool, a listening server whose callbacks would otherwise run in
 * that scope for ever.
 *
 * @checkpoint never
 * @cancellation None: it is not a checkpoint, and what runs inside does not see the scopes around the call.
 * @throws {TypeError} `body` is not a function.
 */
export async function detached<T>(body: () => Promise<T> | T): Promise<T> {
  checkBody(body, "detached");
  return runIn(ambient.root, body);
}

import { createServer, type ListenOptions } from "node:net";

import { BrokenResourceError } from "@espalier/core";
import { ambient, parkAbroad, runIn } from "@espalier/core/lowlevel";
import { SocketListener } from "./socket-listener.ts";

/**
 * Opens one listening socket. Cancelled, it closes it again.
 *
 * @param where - Names the address in error messages.
 */
export function listen(options: ListenOptions, where: string): Promise<SocketListener> {
  // allowHalfOpen: the end of what a peer sends must not end what we send. pauseOnConnect: nothing is read before somebody
  // has accepted the connection.
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true });
  const wait = parkAbroad<SocketListener>("stream.listen", () => server.close());
  if (!wait.pending) return wait.promise;
  server.once("listening", () => {
    server.off("error", failed);
    if (!wait.resume(new SocketListener(server))) server.close();
  });
  server.once("error", failed);
  // A server outlives the scope in which it is opened, and Node runs its callbacks in the context of listen().
  runIn(ambient.root, () => server.listen(options));
  return wait.promise;

  function failed(error: Error): void {
    wait.fail(new BrokenResourceError(`Could not listen on ${where}: ${error.message}`, { cause: error }));
  }
}

import { connect as connectSocket, type NetConnectOpts, type Socket } from "node:net";

import { BrokenResourceError } from "@espalier/core";
import { parkAbroad } from "@espalier/core/lowlevel";
import { directReading } from "./direct-reading.ts";

/**
 * Connects one socket. Cancelled, it destroys the socket: no connection is left behind.
 *
 * @param where - Names the peer in error messages.
 */
export function connect(options: NetConnectOpts, where: string): Promise<Socket> {
  const wait = parkAbroad<Socket>("stream.connect", (operation) => (operation.data as Socket).destroy());
  if (!wait.pending) return wait.promise;
  // allowHalfOpen: the end of what the peer sends must not end what we send.
  const socket: Socket = connectSocket({ ...options, allowHalfOpen: true, ...directReading(() => socket) });
  socket.pause(); // nothing is read before somebody listens
  wait.data = socket;
  socket.once("connect", () => wait.resume(socket));
  // Stays on: an error may come before whoever waits here has put a listener of its own.
  socket.on("error", (error) => {
    wait.fail(new BrokenResourceError(`Could not connect to ${where}: ${error.message}`, { cause: error }));
  });
  return wait.promise;
}

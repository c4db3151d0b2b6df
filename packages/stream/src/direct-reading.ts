import { type OnReadOpts, Socket, type SocketConstructorOpts } from "node:net";

import { onNode } from "./on-node.ts";

/*
 * Node allocates 64 KiB for each read of a socket, copies what came into memory of its own, and sends that through a
 * `Readable`. Its option `onread` reads into a buffer that is there already instead. We take one for all sockets of the thread,
 * because it is copied from before the next read, and tell the bytes by the same `data` event: whoever listens sees no
 * difference. See docs/decisions/0015.
 */

/** As much as Node reads at a time. */
const scratch = Buffer.allocUnsafeSlow(64 * 1024);

/** What makes the socket that `socket()` gives read directly; nothing where that is not known. */
export function directReading(socket: () => Socket): { readonly onread?: OnReadOpts } {
  if (!onNode) return {};
  const callback = (bytes: number): boolean => {
    const chunk = Buffer.allocUnsafeSlow(bytes); // not filled with zeros first, nor a part of Node's pool
    scratch.copy(chunk, 0, 0, bytes);
    socket().emit("data", chunk);
    return true; // whoever wants no more has paused the socket
  };
  return { onread: { buffer: scratch, callback } };
}

/** What `node:net` keeps in a socket and takes for one, although its documentation does not tell. */
interface WithHandle {
  _handle?: object | null;
}

/**
 * The same connection in a socket that reads directly. A server makes its sockets without asking for their options, so the
 * connection is moved from the one that it has made. Gives back the very socket where that cannot be done.
 */
export function readDirectly(accepted: Socket): Socket {
  const { _handle: handle } = accepted as WithHandle;
  if (!onNode || handle === undefined || handle === null) return accepted;
  (accepted as WithHandle)._handle = null;
  accepted.destroy(); // holds nothing any more; its server counts one connection less
  const socket: Socket = new Socket({
    handle,
    allowHalfOpen: accepted.allowHalfOpen,
    noDelay: true,
    pauseOnCreate: true,
    ...directReading(() => socket),
  } as SocketConstructorOpts);
  return socket;
}

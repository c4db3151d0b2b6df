import type { Server, Socket } from "node:net";

import { ClosedResourceError } from "@espalier/core";
import { parkAbroad, type Parked, pass, refusal } from "@espalier/core/lowlevel";
import { dispose } from "./async-resource.ts";
import type { Listener } from "./contracts.ts";
import { readDirectly } from "./direct-reading.ts";
import { OneAtATime } from "./one-at-a-time.ts";
import { SocketStream } from "./socket-stream.ts";

/**
 * Listens on one TCP address or Unix path. Made by `openTcpListeners` and `openUnixListener`.
 *
 * Node takes connections out of the kernel's queue as they come, and offers no way to leave them there. They wait here
 * instead, not read from, until somebody accepts them: for the peer it looks the same.
 */
export class SocketListener implements Listener<SocketStream> {
  readonly #server: Server;
  readonly #guard = new OneAtATime("accepting");
  readonly #arrived: Socket[] = [];
  /** An error that came while nobody was accepting. */
  #failure: Error | undefined = undefined;
  #waiter: Parked<SocketStream> | undefined = undefined;
  #closed = false;
  /** The port that it listens on; `undefined` for a Unix path. */
  readonly port: number | undefined;
  /** The IP address, or the Unix path. */
  readonly address: string;

  /** @internal */
  constructor(server: Server) {
    this.#server = server;
    const address = server.address();
    this.port = typeof address === "object" ? address?.port : undefined;
    this.address = (typeof address === "object" ? address?.address : address) ?? "";
    server.on("connection", this.#connected);
    server.on("error", this.#failed);
  }

  accept(): Promise<SocketStream> {
    const denied = refusal();
    if (denied !== undefined) return denied;
    if (this.#closed) return Promise.reject(closedError());
    try {
      this.#guard.enter();
    } catch (error) {
      return Promise.reject(error as Error);
    }
    const failure = this.#failure;
    const socket = this.#arrived.shift();
    if (socket !== undefined || failure !== undefined) {
      this.#guard.leave();
      if (socket !== undefined) return pass(new SocketStream(socket));
      this.#failure = undefined;
      return Promise.reject(failure as Error);
    }
    const waiter = parkAbroad<SocketStream>("listener.accept", this.#forgetWaiter);
    if (waiter.pending) this.#waiter = waiter;
    else this.#guard.leave();
    return waiter.promise;
  }

  aclose(): Promise<void> {
    this.#closed = true;
    const waiter = this.#waiter;
    if (waiter !== undefined) {
      this.#forgetWaiter();
      waiter.fail(closedError());
    }
    for (const socket of this.#arrived.splice(0)) socket.destroy();
    this.#server.close(); // the port is free at once; its callback would wait for the connections that were accepted
    return refusal() ?? pass();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return dispose(this);
  }

  readonly #connected = (accepted: Socket): void => {
    const socket = readDirectly(accepted);
    const waiter = this.#waiter;
    if (waiter === undefined) {
      this.#arrived.push(socket);
      socket.on("error", ignore);
      return;
    }
    this.#forgetWaiter();
    waiter.resume(new SocketStream(socket));
  };

  readonly #failed = (error: Error): void => {
    const waiter = this.#waiter;
    if (waiter === undefined) {
      this.#failure = error;
      return;
    }
    this.#forgetWaiter();
    waiter.fail(error);
  };

  readonly #forgetWaiter = (): void => {
    this.#waiter = undefined;
    this.#guard.leave();
  };
}

function ignore(): void {
  // A peer that waits to be accepted may break off; whoever accepts it is told by its first call.
}

function closedError(): ClosedResourceError {
  return new ClosedResourceError("This side has closed the listener.");
}

import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { silence } from "../watch.ts";

/** An HTTP server on loopback that is asked for the next message, and never has one. */
export class SilentInbox implements AsyncDisposable {
  #closed = false;
  readonly #server: Server = createServer(() => {}); // takes the request, gives no response

  static async open(): Promise<SilentInbox> {
    const inbox = new SilentInbox();
    inbox.#server.listen(0, "127.0.0.1");
    await once(inbox.#server, "listening");
    return inbox;
  }

  /** Asks for the next message, and waits for it. */
  async next(signal: AbortSignal): Promise<string> {
    if (this.#closed) return silence();
    const { port } = this.#server.address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}/next`, { signal });
    return response.text();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}

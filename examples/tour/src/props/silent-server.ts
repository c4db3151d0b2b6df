import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createInterface } from "node:readline";

/**
 * A TCP server on loopback. It acknowledges each line that it is sent with "OK" and the line's first word, until it is
 * told to fall silent: then its connections stay open, and nothing comes out of them any more.
 */
export class SilentServer implements AsyncDisposable {
  #silent = false;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor() {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => {}); // a client that is gone is no concern of ours
      socket.on("close", () => this.#sockets.delete(socket));
      createInterface({ input: socket }).on("line", (line) => {
        if (!this.#silent) socket.write(`OK ${line.split(" ", 1)[0]}\n`);
      });
    });
  }

  static async listen(): Promise<SilentServer> {
    const server = new SilentServer();
    server.#server.listen(0, "127.0.0.1");
    await once(server.#server, "listening");
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** How many clients are connected. */
  get connections(): number {
    return this.#sockets.size;
  }

  fallSilent(): void {
    this.#silent = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}

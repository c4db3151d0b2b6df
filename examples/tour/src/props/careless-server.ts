import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";

/**
 * A TCP server on loopback that answers as networks do: the answer to the first question comes in two pieces, in the
 * middle of the second one it hangs up.
 */
export class CarelessServer implements AsyncDisposable {
  #questions = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor() {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => {}); // a client that is gone is no concern of ours
      socket.on("close", () => this.#sockets.delete(socket));
      socket.setNoDelay();
      socket.once("data", () => {
        if (++this.#questions > 1) {
          socket.end();
          return;
        }
        socket.write("forty");
        setTimeout(() => socket.end("-two\n"), 50);
      });
    });
  }

  static async listen(): Promise<CarelessServer> {
    const server = new CarelessServer();
    server.#server.listen(0, "127.0.0.1");
    await once(server.#server, "listening");
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}

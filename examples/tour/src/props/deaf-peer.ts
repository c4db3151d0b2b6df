import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** A client that connects, and reads nothing. */
export class DeafPeer implements Disposable {
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static async connect(port: number): Promise<DeafPeer> {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.on("error", () => {}); // that it is hung up on is no concern of ours
    socket.pause();
    await once(socket, "connect");
    return new DeafPeer(socket);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

import { EventEmitter, once } from "node:events";
import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";

/** A client of a protocol of lines: each request is acknowledged with "OK" and its first word. The same in both worlds. */
export class Client implements Disposable {
  readonly #socket: Socket;
  readonly #replies = new EventEmitter();

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("error", () => {}); // "close" follows
    createInterface({ input: socket }).on("line", (line) => this.#replies.emit(line));
  }

  static async connect(port: number): Promise<Client> {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    return new Client(socket);
  }

  /** Sends a line and waits for its acknowledgement. */
  async ask(line: string, signal?: AbortSignal): Promise<void> {
    const answer = once(this.#replies, `OK ${line.split(" ", 1)[0]}`, signal === undefined ? {} : { signal });
    this.#socket.write(`${line}\n`);
    await answer;
  }

  close(): void {
    this.#socket.destroy();
  }

  /** The same as `close()`, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }
}

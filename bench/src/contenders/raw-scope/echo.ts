import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { driveEcho } from "../../drive-echo.ts";
import type { Echoed, Load } from "../../workloads/echo.ts";
import { withGroup } from "./scope.ts";
import { Token, Wait } from "./token.ts";
import { turn } from "./turn.ts";

/** A connection for linear code: each wait can be cancelled, and neither side runs ahead of the other. */
class Connection {
  readonly #socket: Socket;
  readonly #kept: Buffer[] = [];
  #ended = false;
  #receiver: Wait<Buffer | undefined> | undefined;
  #sender: Wait<void> | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (data) => {
      if (this.#receiver !== undefined) this.#give(data);
      else {
        this.#kept.push(data);
        socket.pause();
      }
    });
    socket.on("end", () => {
      this.#ended = true;
      this.#give(undefined);
    });
    socket.on("drain", () => {
      const sender = this.#sender;
      this.#sender = undefined;
      sender?.resume();
    });
    socket.on("error", (error) => {
      this.#receiver?.fail(error);
      this.#sender?.fail(error);
    });
  }

  /** `undefined` is the end. */
  async receive(token: Token): Promise<Buffer | undefined> {
    token.check();
    const data = this.#kept.shift();
    if (data !== undefined || this.#ended) {
      await turn();
      return data;
    }
    const wait = new Wait<Buffer | undefined>(token, () => {
      this.#receiver = undefined;
    });
    this.#receiver = wait;
    if (this.#socket.isPaused()) this.#socket.resume();
    return wait.promise;
  }

  async send(token: Token, data: Buffer): Promise<void> {
    token.check();
    if (this.#socket.write(data)) {
      await turn();
      return;
    }
    const wait = new Wait<void>(token, () => this.#socket.destroy());
    this.#sender = wait;
    return wait.promise;
  }

  close(): void {
    this.#socket.destroy();
  }

  #give(data: Buffer | undefined): void {
    const receiver = this.#receiver;
    this.#receiver = undefined;
    receiver?.resume(data);
  }
}

/** A task for each connection. */
export async function echo(echoes: number, load: Load): Promise<Echoed> {
  let echoed: Echoed | undefined;
  await withGroup(new Token(), async (group) => {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      const connection = new Connection(socket);
      group.start(async (token) => {
        try {
          for (
            let data = await connection.receive(token);
            data !== undefined;
            data = await connection.receive(token)
          )
            await connection.send(token, data);
        } finally {
          connection.close();
        }
      });
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    try {
      echoed = await driveEcho({ ...load, port: (server.address() as AddressInfo).port, echoes });
    } finally {
      server.close();
    }
  });
  return echoed as Echoed;
}

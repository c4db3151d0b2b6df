// The clients of the echo workloads: `node dist/echo-clients.js '{"port":...,"connections":...,"bytes":...,"echoes":...}'`.
// Prints what they saw as one line of JSON. They are bare sockets, so that no contender is measured twice.
import { connect } from "node:net";
import type { Echoed, Load } from "./workloads/echo.ts";

export interface Order extends Load {
  readonly port: number;
  /** So many in all. */
  readonly echoes: number;
}

const { port, connections, bytes, echoes } = JSON.parse(process.argv[2] as string) as Order;
const message = Buffer.alloc(bytes, 1);
let toSend = echoes;
let returned = 0;

/** Sends a message, and the next one when its echo has come, while there are some left to send. */
function client(): Promise<void> {
  return new Promise((resolve, reject) => {
    let received = 0;
    const socket = connect({ port, host: "127.0.0.1", noDelay: true }, next);
    socket.on("error", reject).on("data", (data) => {
      received += data.length;
      if (received < bytes) return;
      if (received > bytes || data.at(-1) !== 1) reject(new Error("the echo is not what was sent"));
      received = 0;
      returned++;
      next();
    });
    function next(): void {
      if (toSend-- > 0) socket.write(message);
      else {
        socket.destroy();
        resolve();
      }
    }
  });
}

const start = performance.now();
await Promise.all(Array.from({ length: connections }, client));
console.log(JSON.stringify({ echoes: returned, ms: performance.now() - start } satisfies Echoed));

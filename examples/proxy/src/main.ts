import { runMain } from "@espalier/signals";
import { serveProxy } from "./proxy.ts";

const [port, host, targetPort] = process.argv.slice(2);
if (port === undefined || host === undefined || targetPort === undefined) {
  console.error("usage: proxy <port> <target host> <target port>");
  process.exit(2);
}

void runMain(() =>
  serveProxy(
    { host, port: Number(targetPort) },
    {
      port: Number(port),
      started: ([listener]) => {
        console.log(`forwarding port ${listener?.port} to ${host}, port ${targetPort}`);
      },
      onError: (error) => {
        console.error(`A connection broke: ${String(error)}`);
      },
    },
  ),
);

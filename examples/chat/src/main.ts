import { readFileSync } from "node:fs";

import { runMain } from "@espalier/signals";
import { stdin, stdout } from "@espalier/stream";
import { chat } from "./chat-client.ts";
import { serveChat } from "./serve-chat.ts";

const [command, ...args] = process.argv.slice(2);

if (command === "serve") {
  const [port = "6667", key, cert] = args;
  const options = {
    port: Number(port),
    maxConnections: 1000,
    idleMs: 120_000,
    farewellMs: 1000,
    ...(key !== undefined &&
      cert !== undefined && { tls: { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") } }),
  };
  void runMain(() =>
    serveChat({
      ...options,
      started: ([listener]) => {
        console.log(`chatting on port ${listener?.port}`);
      },
    }),
  );
} else if (command === "connect") {
  void runMain(() => chat(args[0] ?? "localhost", Number(args[1] ?? 6667), stdin, stdout));
} else {
  console.error("usage: chat serve [port [key.pem cert.pem]]\n       chat connect [host [port]]");
  process.exit(2);
}

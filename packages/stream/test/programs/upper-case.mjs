// Reads its input to the end and answers in capitals.
import { Buffer } from "node:buffer";

import { stderr, stdin, stdout, TextReceiveStream } from "@espalier/stream";

let count = 0;
for await (const text of new TextReceiveStream(stdin)) {
  count += text.length;
  await stdout.sendAll(Buffer.from(text.toUpperCase()));
}
await stderr.sendAll(Buffer.from(`${count} characters`));
await stdout.aclose();
console.log("!"); // closing ours leaves the process's own

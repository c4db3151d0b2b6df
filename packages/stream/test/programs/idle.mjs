// Uses its streams once and ends by itself: neither importing nor a cancelled receive keeps a process alive.
import { Buffer } from "node:buffer";

import { moveOnAfter } from "@espalier/cancel-scope";
import { stdin, stdout } from "@espalier/stream";

await moveOnAfter(50, () => stdin.receiveSome());
await stdout.sendAll(Buffer.from("done"));

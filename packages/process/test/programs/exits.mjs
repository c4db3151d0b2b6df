// A program for the tests: it ends without leaving the block of its child.
import { writeSync } from "node:fs";

import { openProcess } from "@espalier/process";
import { BufferedReceiveStream } from "@espalier/stream";

const child = await openProcess(["sh", "-c", "trap '' TERM; sleep 60 & echo $!; wait; sleep 60"]);
const line = await new BufferedReceiveStream(child.stdout).lines().next();
writeSync(1, `${child.pid} ${line.value}\n`);
if (process.argv[2] === "exit") process.exit(3);
setTimeout(() => {
  throw new Error("nobody catches this");
}, 0);

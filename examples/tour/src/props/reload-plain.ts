// A service that reads its configuration again on SIGHUP, in plain promises. A program of its own, so that it can be sent
// signals; stop 11 runs it.
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import { Service } from "./service.ts";

const service = new Service(process.argv[2]!, setTimeout);

// #region serve
async function serve(untilStopped: () => Promise<unknown>) {
  process.on("SIGHUP", () => void service.reload());
  console.log("serving");
  await untilStopped();
}
// #endregion

await serve(() => once(process.stdin.resume(), "end"));
console.log("stopped");
await setTimeout(500); // the program has other things to do

import { workerData } from "node:worker_threads";
import type { ThreadBirth } from "./messages.ts";
import { ThreadSide } from "./thread-side.ts";

// What every thread of the pool begins with. It evaluates nothing that it is sent: calls name a module and an export.
const { port, words } = workerData as ThreadBirth;
new ThreadSide(port, words).start();

export { isMainThread } from "node:worker_threads";

export { checkCancelled } from "./current-call.ts";
export { transfer } from "./transfer.ts";

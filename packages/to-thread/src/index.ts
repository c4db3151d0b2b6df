export type { OnCancel } from "./call.ts";
export { carryStore } from "./carry-store.ts";
export type { ThreadArguments, ThreadFunction } from "./thread-function.ts";
export { NotCloneableError, ThreadDiedError, ThreadModuleError } from "./thread-errors.ts";
export { threadLimiter } from "./thread-limiter.ts";
export { threadModule, type ThreadModule } from "./thread-module.ts";
export { toThread, type ToThreadOptions } from "./to-thread.ts";

// Written by scripts/umbrella.mjs (npm run api).

export {
  NotCloneableError,
  type OnCancel,
  type ThreadArguments,
  ThreadDiedError,
  type ThreadFunction,
  type ThreadModule,
  ThreadModuleError,
  type ToThreadOptions,
  carryStore,
  threadLimiter,
  threadModule,
  toThread,
} from "@espalier/to-thread";

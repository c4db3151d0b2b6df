// Written by scripts/umbrella.mjs (npm run api).

export {
  type Nursery,
  NurseryError,
  type NurseryOptions,
  type StartOptions,
  type Task,
  TaskCancelledError,
  TaskFailedError,
  flattenErrors,
  openNursery,
  splitError,
  unwrapSingle,
} from "@espalier/nursery";

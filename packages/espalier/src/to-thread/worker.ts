// Written by scripts/umbrella.mjs (npm run api).

export { checkCancelled, isMainThread, transfer } from "@espalier/to-thread/worker";

// Written by scripts/umbrella.mjs (npm run api).

export {
  CalledProcessError,
  type OpenProcessOptions,
  type Process,
  type ProcessResult,
  ProcessStartError,
  type ProcessStream,
  type RunProcessOptions,
  openProcess,
  runProcess,
} from "@espalier/process";

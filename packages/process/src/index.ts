export { openProcess, type OpenProcessOptions, type Process, type ProcessStream } from "./open-process.ts";
export { CalledProcessError, ProcessStartError } from "./process-errors.ts";
export { type ProcessResult, runProcess, type RunProcessOptions } from "./run-process.ts";

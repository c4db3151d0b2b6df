export { runMain, type RunMainOptions } from "./run-main.ts";
export { openSignalReceiver, type SignalReceiver, type SignalReceiverStatistics } from "./signal-receiver.ts";
export type { SignalName } from "./signal-name.ts";

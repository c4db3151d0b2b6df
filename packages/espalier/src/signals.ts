// Written by scripts/umbrella.mjs (npm run api).

export {
  type RunMainOptions,
  type SignalName,
  type SignalReceiver,
  type SignalReceiverStatistics,
  openSignalReceiver,
  runMain,
} from "@espalier/signals";

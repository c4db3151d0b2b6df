export { MemoryReceiveChannel } from "./memory-receive-channel.ts";
export { MemorySendChannel } from "./memory-send-channel.ts";
export { openMemoryChannel } from "./open-memory-channel.ts";
export type { MemoryChannelStatistics } from "./statistics.ts";

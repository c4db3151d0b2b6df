export type { Backoff } from "./backoff.ts";
export { BroadcastReceiveChannel } from "./broadcast-receive-channel.ts";
export { BroadcastSendChannel } from "./broadcast-send-channel.ts";
export type { BroadcastReceiveStatistics, BroadcastSendStatistics } from "./broadcast-statistics.ts";
export { receiveCase, sendCase } from "./cases.ts";
export type { ReceiveChannel, SendChannel } from "./channel.ts";
export { Delivery } from "./delivery.ts";
export { DeliveryFailedError } from "./delivery-failed-error.ts";
export { EventChannel } from "./event-channel.ts";
export type { EventChannelStatistics } from "./event-state.ts";
export {
  type EmitterLike,
  type EventChannelOptions,
  type EventTargetLike,
  fromEvents,
} from "./from-events.ts";
export { MemoryReceiveChannel } from "./memory-receive-channel.ts";
export { MemorySendChannel } from "./memory-send-channel.ts";
export { type Broadcast, type BroadcastOptions, openBroadcastChannel } from "./open-broadcast-channel.ts";
export { openMemoryChannel } from "./open-memory-channel.ts";
export { openRetryingChannel, type RetryingOptions } from "./open-retrying-channel.ts";
export { openWatchChannel } from "./open-watch-channel.ts";
export type { Overflow } from "./overflow.ts";
export { ProducerReceiveChannel, ProducerSendChannel } from "./producer-channel.ts";
export type { ProducerChannelStatistics } from "./producer-state.ts";
export { RetryingReceiveChannel } from "./retrying-receive-channel.ts";
export { RetryingSendChannel } from "./retrying-send-channel.ts";
export type { RetryingChannelStatistics } from "./retrying-state.ts";
export { select, type SelectResult } from "./select.ts";
export type { SelectableReceive, SelectableSend, SelectCase } from "./select-case.ts";
export type { BufferStatistics, MemoryChannelStatistics } from "./statistics.ts";
export { WatchReceiveChannel } from "./watch-receive-channel.ts";
export { WatchSendChannel } from "./watch-send-channel.ts";
export type { WatchChannelStatistics } from "./watch-state.ts";
export { withProducer, type WithProducerOptions } from "./with-producer.ts";

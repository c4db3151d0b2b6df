import * as door from "@espalier/channel";
import { expect, it } from "vitest";

it("exports these names and no others", () => {
  expect(Object.keys(door).sort()).toEqual([
    "BroadcastReceiveChannel",
    "BroadcastSendChannel",
    "Delivery",
    "DeliveryFailedError",
    "EventChannel",
    "MemoryReceiveChannel",
    "MemorySendChannel",
    "ProducerReceiveChannel",
    "ProducerSendChannel",
    "RetryingReceiveChannel",
    "RetryingSendChannel",
    "WatchReceiveChannel",
    "WatchSendChannel",
    "fromEvents",
    "openBroadcastChannel",
    "openMemoryChannel",
    "openRetryingChannel",
    "openWatchChannel",
    "receiveCase",
    "select",
    "sendCase",
    "withProducer",
  ]);
});

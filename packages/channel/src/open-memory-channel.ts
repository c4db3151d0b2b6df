import { checkCapacity } from "./capacity.ts";
import { MemoryReceiveChannel } from "./memory-receive-channel.ts";
import { MemorySendChannel } from "./memory-send-channel.ts";
import { MemoryState } from "./memory-state.ts";

/**
 * Opens a channel between tasks: what is sent into one end comes out of the other, each item once, in order. With capacity
 * 0 (the default) a sender waits until a receiver has taken its item; with more, up to so many items wait in a buffer.
 * After Trio's memory channels.
 *
 * @checkpoint never
 * @param capacity - How many items may wait in the buffer: a whole number, 0 or more, or `Infinity` (then a slow receiver
 *   costs memory without limit).
 * @throws {RangeError} `capacity` is not such a number.
 * @throws {TypeError} `capacity` is not a number.
 * @example
 * ```ts
 * import { openMemoryChannel } from "@espalier/channel";
 *
 * const [send, receive] = openMemoryChannel<string>(1);
 * await send.send("hello");
 * console.log(await receive.receive()); // hello
 * ```
 */
export function openMemoryChannel<T>(
  capacity = 0,
): [send: MemorySendChannel<T>, receive: MemoryReceiveChannel<T>] {
  checkCapacity(capacity, "openMemoryChannel");
  const state = new MemoryState(capacity);
  return [new MemorySendChannel<T>(state), new MemoryReceiveChannel<T>(state)];
}

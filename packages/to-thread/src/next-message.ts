import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";

/** A message that came and cannot be read: Node serializes a view of a buffer that is gone, and fails on the other side. */
export const UNREADABLE_MESSAGE: unique symbol = Symbol("a message that cannot be read");

/** The next message of a port, without giving up control; `undefined` if there is none. Never throws. */
export function nextMessage<M>(port: MessagePort): M | typeof UNREADABLE_MESSAGE | undefined {
  try {
    return (receiveMessageOnPort(port) as { message: M } | undefined)?.message;
  } catch {
    return UNREADABLE_MESSAGE; // thrown here, where an event would be "messageerror"
  }
}

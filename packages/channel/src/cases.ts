import type { blocked } from "./inbox.ts";
import { type SelectableReceive, type SelectableSend, type SelectCase } from "./select-case.ts";
import type { Selection } from "./selection.ts";

/**
 * For `select`: to receive from a channel, of any kind that has `receive()`.
 *
 * @checkpoint never
 * @throws {TypeError} it is not the receiving end of a channel.
 */
export function receiveCase<T>(channel: SelectableReceive<T>): SelectCase<T> {
  requireEnd(channel, "receive", "receiveCase needs the receiving end of a channel.");
  return new ReceiveCase(channel);
}

/**
 * For `select`: to send an item into a memory channel. The value of the case is `undefined`.
 *
 * @checkpoint never
 * @throws {TypeError} it is not the sending end of a memory channel.
 */
export function sendCase<T>(channel: SelectableSend<T>, item: T): SelectCase<undefined> {
  requireEnd(channel, "send", "sendCase needs the sending end of a memory channel.");
  return new SendCase(channel, item);
}

class ReceiveCase<T> implements SelectCase<T> {
  readonly #channel: SelectableReceive<T>;

  constructor(channel: SelectableReceive<T>) {
    this.#channel = channel;
  }

  tryNow(): T | typeof blocked {
    return this.#channel.attempt();
  }

  waitIn(selection: Selection, index: number): void {
    this.#channel.enlist(selection, index);
  }
}

class SendCase<T> implements SelectCase<undefined> {
  readonly #channel: SelectableSend<T>;
  readonly #item: T;

  constructor(channel: SelectableSend<T>, item: T) {
    this.#channel = channel;
    this.#item = item;
  }

  tryNow(): undefined | typeof blocked {
    return this.#channel.attempt(this.#item);
  }

  waitIn(selection: Selection, index: number): void {
    this.#channel.enlist(this.#item, selection, index);
  }
}

function requireEnd(channel: unknown, method: "send" | "receive", message: string): void {
  const end = channel as Record<PropertyKey, unknown> | null | undefined;
  if (typeof end?.[method] !== "function" || typeof end["attempt"] !== "function")
    throw new TypeError(message);
}

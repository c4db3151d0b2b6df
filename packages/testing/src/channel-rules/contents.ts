import { WouldBlock } from "@espalier/core";
import type { ReceiveChannelUnderTest, SendChannelUnderTest, Specimen } from "./channel-under-test.ts";

/** Fills the buffer, which has a limit, with 0, 1, 2, ...; gives these items. */
export function fill(send: SendChannelUnderTest, { capacity }: Specimen): number[] {
  const items = Array.from({ length: capacity }, (_, i) => i);
  for (const item of items) send.sendNowait(item);
  return items;
}

/** Takes what can be taken without waiting. */
export function drain(receive: ReceiveChannelUnderTest): unknown[] {
  const items: unknown[] = [];
  while (items.length < 1000) {
    try {
      items.push(receive.receiveNowait());
    } catch (error) {
      if (error instanceof WouldBlock) return items;
      throw error;
    }
  }
  throw new Error("receiveNowait gives more items than were ever sent");
}

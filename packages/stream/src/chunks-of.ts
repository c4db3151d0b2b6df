import { quietly } from "@espalier/core/lowlevel";
import type { ReceiveStream } from "./contracts.ts";

/** What `for await` over a stream gives. Leaving the loop early does not close the stream: its block does. */
export function chunksOf(stream: Pick<ReceiveStream, "receiveSome">): AsyncIterator<Uint8Array, undefined> {
  return { next: () => quietly(async () => toResult(await stream.receiveSome())) };
}

/** What a step of such a loop gives for a chunk, or for the end. */
export function toResult(chunk: Uint8Array | undefined): IteratorResult<Uint8Array, undefined> {
  return chunk === undefined ? { done: true, value: undefined } : { done: false, value: chunk };
}

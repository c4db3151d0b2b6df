import { ReadableStream, WritableStream } from "node:stream/web";

import { ambient, currentStatus, runIn } from "@espalier/core/lowlevel";
import { acloseForcefully } from "./async-resource.ts";
import type { ReceiveStream, SendStream, Stream } from "./contracts.ts";

/** A pair of Web Streams. */
export interface WebStreamPair {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
}

/**
 * A stream of ours as Web Streams, with backpressure both ways. It belongs to them from now on: cancelling the readable, or
 * aborting the writable, closes it by force, and so does a cancellation of the scope in which this was called.
 *
 * @checkpoint never
 */
export function toWebStream(stream: Stream): WebStreamPair {
  // The platform calls back in whatever context: what is done with the stream belongs to the scope of the caller.
  const status = currentStatus();
  return {
    readable: new ReadableStream<Uint8Array>(
      {
        pull: (controller) => runIn(status, () => pull(stream, controller)),
        cancel: () => runIn(ambient.root, () => acloseForcefully(stream)),
      },
      { highWaterMark: 0 },
    ),
    writable: new WritableStream<Uint8Array>({
      write: (chunk) => runIn(status, () => stream.sendAll(chunk)),
      close: () => runIn(status, () => endOf(stream)),
      abort: () => runIn(ambient.root, () => acloseForcefully(stream)),
    }),
  };
}

async function pull(
  stream: ReceiveStream,
  controller: { enqueue(chunk: Uint8Array): void; close(): void },
): Promise<void> {
  const chunk = await stream.receiveSome();
  if (chunk === undefined) controller.close();
  else controller.enqueue(chunk);
}

function endOf(stream: SendStream & { sendEof?: () => Promise<void> }): Promise<void> {
  return stream.sendEof === undefined ? stream.aclose() : stream.sendEof();
}

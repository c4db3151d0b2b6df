import {
  ReadableStream,
  type ReadableStreamDefaultController,
  WritableStream,
  type WritableStreamDefaultController,
} from "node:stream/web";

import { ClosedResourceError } from "@espalier/core";
import { ambient, currentStatus, makeCancelled, runIn, whenCancelled } from "@espalier/core/lowlevel";
import { acloseForcefully } from "./async-resource.ts";
import type { SendStream, Stream } from "./contracts.ts";

/** A pair of Web Streams. */
export interface WebStreamPair {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
}

/**
 * A stream of ours as Web Streams, with backpressure both ways. It belongs to them from now on: cancelling the readable, or
 * aborting the writable, closes it by force, and so does the end of the scope in which this was called; if that is cancelled,
 * both sides fail with its `Cancelled`. It is closed too when both sides are over.
 *
 * @checkpoint never
 */
export function toWebStream(stream: Stream): WebStreamPair {
  // The platform calls back in whatever context: what is done with the stream belongs to the scope of the caller.
  const status = currentStatus();
  const sever = (): Promise<void> => runIn(ambient.root, () => acloseForcefully(stream));
  let reading!: ReadableStreamDefaultController<Uint8Array>;
  let writing!: WritableStreamDefaultController;
  const open = new Set<"readable" | "writable">(["readable", "writable"]);
  const ended = (side: "readable" | "writable"): void => {
    if (!open.delete(side) || open.size > 0) return;
    withdraw();
    void sever(); // nobody could do it any more: what is over can be neither cancelled nor aborted
  };
  const readable = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        reading = controller;
      },
      pull: () =>
        runIn(status, async () => {
          try {
            const chunk = await stream.receiveSome();
            if (chunk !== undefined) {
              reading.enqueue(chunk);
              return;
            }
            reading.close();
          } catch (error) {
            reading.error(error);
          }
          ended("readable");
        }),
      cancel: () => {
        ended("readable");
        return sever();
      },
    },
    { highWaterMark: 0 },
  );
  const writable = new WritableStream<Uint8Array>({
    start(controller) {
      writing = controller;
      // Not from abort() of this sink: that is called only when the write under way has ended, and it may wait for ever.
      // The types of Node do not know the signal.
      const { signal } = controller as unknown as { readonly signal: AbortSignal };
      signal.addEventListener("abort", () => {
        ended("writable");
        void sever();
      });
    },
    write: (chunk) =>
      runIn(status, () => stream.sendAll(chunk)).catch((error: unknown) => {
        ended("writable");
        throw error;
      }),
    close: () =>
      runIn(status, () => endOf(stream)).finally(() => {
        ended("writable");
      }),
  });
  const withdraw = whenCancelled(status, (reason, leaving) => {
    void sever();
    const error = leaving
      ? new ClosedResourceError("The scope of toWebStream was left.")
      : makeCancelled(reason);
    reading.error(error);
    writing.error(error);
  });
  return { readable, writable };
}

function endOf(stream: SendStream & { sendEof?: () => Promise<void> }): Promise<void> {
  return stream.sendEof === undefined ? stream.aclose() : stream.sendEof();
}

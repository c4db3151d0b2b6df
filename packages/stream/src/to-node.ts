import { Duplex } from "node:stream";

import { ambient, type CancelStatus, currentStatus, runIn } from "@espalier/core/lowlevel";
import { acloseForcefully } from "./async-resource.ts";
import type { HalfCloseableStream, Stream } from "./contracts.ts";

/**
 * A stream of ours as a Node `Duplex`, with backpressure both ways. It belongs to the duplex from now on; destroying the
 * duplex closes it by force, and so does a cancellation of the scope in which this was called.
 *
 * @checkpoint never
 */
export function toNodeDuplex(stream: Stream | HalfCloseableStream): Duplex {
  return nodeDuplexIn(currentStatus(), stream);
}

/** The same; what is done with the stream belongs to `status`, because Node calls back in whatever context. */
export function nodeDuplexIn(status: CancelStatus, stream: Stream | HalfCloseableStream): Duplex {
  const within = (action: () => Promise<void>, done: (error?: Error | null) => void): void => {
    void runIn(status, action).then(
      () => {
        done();
      },
      (error: unknown) => {
        done(error instanceof Error ? error : new Error(String(error)));
      },
    );
  };
  return new Duplex({
    allowHalfOpen: true,
    read() {
      within(
        async () => {
          const chunk = await stream.receiveSome();
          this.push(chunk ?? null);
        },
        (error) => {
          if (error) this.destroy(error);
        },
      );
    },
    write(chunk: Uint8Array, _encoding, done) {
      within(() => stream.sendAll(chunk), done);
    },
    final(done) {
      within(() => ("sendEof" in stream ? stream.sendEof() : stream.aclose()), done);
    },
    destroy(error, done) {
      void runIn(ambient.root, () => acloseForcefully(stream)).then(
        () => {
          done(error);
        },
        (failure: unknown) => {
          done(error ?? (failure as Error));
        },
      );
    },
  });
}

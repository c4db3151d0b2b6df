import { Duplex } from "node:stream";

import {
  ambient,
  type CancelStatus,
  currentStatus,
  errorMessage,
  makeCancelled,
  runIn,
  whenCancelled,
} from "@espalier/core/lowlevel";
import { acloseForcefully } from "./async-resource.ts";
import type { HalfCloseableStream, Stream } from "./contracts.ts";

/**
 * A stream of ours as a Node `Duplex`, with backpressure both ways. It belongs to the duplex from now on; destroying the
 * duplex closes it by force, and the end of the scope in which this was called destroys the duplex; if that is cancelled, with
 * its `Cancelled`.
 *
 * @checkpoint never
 */
export function toNodeDuplex(stream: Stream | HalfCloseableStream): Duplex {
  const status = currentStatus();
  const duplex = nodeDuplexIn(status, stream);
  const withdraw = whenCancelled(status, (reason, leaving) => {
    // Nobody may listen for errors, and a cancellation must not bring the process down.
    const told = !leaving && duplex.listenerCount("error") > 0;
    duplex.destroy(told ? makeCancelled(reason) : undefined);
  });
  duplex.once("close", withdraw);
  return duplex;
}

/** The same; what is done with the stream belongs to `status`, because Node calls back in whatever context. */
export function nodeDuplexIn(status: CancelStatus, stream: Stream | HalfCloseableStream): Duplex {
  const within = (action: () => Promise<void>, done: (error?: Error | null) => void): void => {
    void runIn(status, action).then(
      () => {
        done();
      },
      (error: unknown) => {
        done(error instanceof Error ? error : new Error(errorMessage(error)));
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
